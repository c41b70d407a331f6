#!/usr/bin/env bash
# Plants small bugs one at a time, runs the tests that should see each, and lists those that none
# saw.
#
#   scripts/mutants.sh              all of tests/mutants/list.txt
#   scripts/mutants.sh book risk    those whose name holds one of these words
#   scripts/mutants.sh --list       names only
#   scripts/mutants.sh --check      does every bug still fit its file? Builds nothing
#
# The bugs are planted in a copy of the tree below the target folder; the working tree is never
# touched. Tests are built without optimisation and step by step, so that a bug costs seconds. A run
# that takes over MUTANT_SECONDS (default 180) counts as seen: a loop without end is a failure too.
# A bug with a `why:` may survive; all others must not.
set -euo pipefail
cd "$(dirname "$0")/.."
list=tests/mutants/list.txt
home=$(cd "${CARGO_TARGET_DIR:-target}" 2>/dev/null && pwd || { mkdir -p target && cd target && pwd; })/mutants
tree=$home/tree
export CARGO_TARGET_DIR=$home/target CARGO_TERM_COLOR=never CARGO_INCREMENTAL=1
export CARGO_PROFILE_TEST_OPT_LEVEL=0 CARGO_PROFILE_TEST_DEBUG=0 RUSTFLAGS="${RUSTFLAGS:-} -Awarnings"

names=() files=() tests=() olds=() news=() whys=()
more() { # text so far, one line more: several lines of `old:` or `new:` are one text
  if [ -z "$1" ]; then printf '%s.' "$2"; else printf '%s\n%s.' "$1" "$2"; fi
}
while IFS= read -r line; do
  case "$line" in
    "["*"]") names+=("${line:1:-1}") files+=("") tests+=("") olds+=("") news+=("") whys+=("") ;;
    "file: "*) files[-1]=${line#file: } ;;
    "test: "*) tests[-1]=${line#test: } ;;
    "old: "*) text=$(more "${olds[-1]}" "${line#old: }") && olds[-1]=${text%.} ;;
    "new: "*) text=$(more "${news[-1]}" "${line#new: }") && news[-1]=${text%.} ;;
    "new:") news[-1]="" ;;
    "why: "*) whys[-1]=${line#why: } ;;
    "" | "#"*) ;;
    *) echo "mutants: $list: not understood: $line" >&2; exit 2 ;;
  esac
done <"$list"

fault() { # number -> what is wrong with the entry, if anything is
  local n=$1 text without
  [ -n "${tests[n]}" ] || { echo "it names no test"; return; }
  [ -n "${olds[n]}" ] || { echo "it has no \`old:\`"; return; }
  [ "${olds[n]}" != "${news[n]}" ] || { echo "its \`new:\` is its \`old:\`"; return; }
  [ -f "${files[n]}" ] || { echo "there is no file \`${files[n]}\`"; return; }
  text=$(cat "${files[n]}"; echo .)
  without=${text//"${olds[n]}"/}
  local times=$(((${#text} - ${#without}) / ${#olds[n]}))
  [ "$times" -eq 1 ] && return
  echo "its \`old:\` stands $times times in ${files[n]}, and must stand there once: mend the entry"
}

check() { # numbers -> a failure that names every entry that does not fit
  local n what bad=0
  for n in "$@"; do
    what=$(fault "$n")
    [ -z "$what" ] || { echo "mutants: ${names[n]}: $what" >&2; bad=1; }
  done
  [ "$bad" -eq 0 ] || exit 2
}

wanted() { # name -> is it asked for?
  [ ${#words[@]} -eq 0 ] && return
  local word
  for word in "${words[@]}"; do case "$1" in *"$word"*) return 0 ;; esac; done
  return 1
}

run_tests() { # filter -> status of the tests; 124 where they took too long
  local of=(--lib "$1")
  # Of a test binary: its name, a colon that stands alone, the filter.
  case "$1" in *" : "*) of=(--test "${1%% : *}" "${1##* : }") ;; esac
  (cd "$tree" && timeout "${MUTANT_SECONDS:-180}" cargo test --quiet "${of[@]}" >"$home/log" 2>&1)
}

double=$(printf '%s\n' "${names[@]}" | sort | uniq -d)
[ -z "$double" ] || { echo "mutants: $list: named twice:" $double >&2; exit 2; }
case "${1:-}" in
  --list) printf '%s\n' "${names[@]}" && exit ;;
  --check) check "${!names[@]}" && echo "${#names[@]} bugs fit" && exit ;;
esac
words=("$@")
chosen=()
for n in "${!names[@]}"; do wanted "${names[n]}" && chosen+=("$n"); done
[ ${#chosen[@]} -gt 0 ] || { echo "mutants: no name holds: $*" >&2; exit 2; }
check "${chosen[@]}"

# Times of unchanged files are kept, so that only what was changed since the last run is built anew.
mkdir -p "$tree"
git ls-files --cached --others --exclude-standard -z -- . ':!target' |
  while IFS= read -r -d '' file; do
    [ -f "$file" ] || continue
    cmp -s "$file" "$tree/$file" || { mkdir -p "$tree/$(dirname "$file")" && cp "$file" "$tree/$file"; }
  done

# Without a bug every one of the tests must pass, or their failing says nothing.
mapfile -t filters < <(for n in "${chosen[@]}"; do echo "${tests[n]}"; done | sort -u)
for filter in "${filters[@]}"; do
  if ! MUTANT_SECONDS=1800 run_tests "$filter"; then
    cat "$home/log" >&2
    echo "mutants: without a bug, tests of \`$filter\` fail" >&2
    exit 1
  fi
  grep -q 'test result: ok. 0 passed' "$home/log" &&
    { echo "mutants: \`$filter\` names no test" >&2; exit 2; }
done

seen=0 explained=0 survivors=()
for n in "${chosen[@]}"; do
  file=${files[n]} old=${olds[n]} name=${names[n]}
  text=$(cat "$file"; echo .)
  text=${text%.}
  printf '%s' "${text/"$old"/"${news[n]}"}" >"$tree/$file"
  begun=$SECONDS status=0
  run_tests "${tests[n]}" || status=$?
  printf '%s' "$text" >"$tree/$file"
  if [ "$status" -ne 0 ] && [ "$status" -ne 124 ] && ! grep -q 'test result: FAILED' "$home/log" &&
    grep -q '^error' "$home/log" && grep -q 'could not compile' "$home/log"; then
    cat "$home/log" >&2
    echo "mutants: $name does not build" >&2
    exit 2
  fi
  if [ "$status" -ne 0 ]; then
    seen=$((seen + 1)) verdict="seen"
    [ "$status" -eq 124 ] && verdict="seen (endless)"
  elif [ -n "${whys[n]}" ]; then
    explained=$((explained + 1)) verdict="explained: ${whys[n]}"
  else
    survivors+=("$name") verdict="SURVIVED"
  fi
  printf '%-44s %4d s  %s\n' "$name" $((SECONDS - begun)) "$verdict"
done
echo "${#chosen[@]} bugs: $seen seen, $explained explained, ${#survivors[@]} not seen"
if [ ${#survivors[@]} -gt 0 ]; then
  printf 'not seen: %s\n' "${survivors[@]}"
  exit 1
fi
