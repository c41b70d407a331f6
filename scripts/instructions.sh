#!/usr/bin/env bash
# Counts the instructions of the hot path's workloads under callgrind and compares them with
# benches/instructions.txt; fails where one has grown by more than 5 %.
#
#   scripts/instructions.sh            compare
#   scripts/instructions.sh --update   write the counts of this compiler into the file
#
# Valgrind shows no AVX-512, so the counts guard the AVX2 path. They are kept by compiler version:
# another compiler makes other code, and is told apart instead of blamed.
set -euo pipefail
cd "$(dirname "$0")/.."
known=benches/instructions.txt
compiler=$(rustc --version | cut -d' ' -f2)
binary=$(cargo bench --bench count --no-run 2>&1 | sed -n 's/.*(\(target[^)]*\)).*/\1/p' | tail -n 1)
[ -n "$binary" ] || { echo "instructions: the workloads did not build" >&2; exit 1; }

count() { # workload, repetitions -> instructions of the whole run
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$binary" "$1" "$2" 2>&1 |
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

failed=0
fresh=""
for workload in $("$binary"); do
  few=$(count "$workload" 1)
  more=$(count "$workload" 3)
  now=$(((more - few) / 2))
  before=$(awk -v c="$compiler" -v w="$workload" '$1 == c && $2 == w { print $3 }' "$known" 2>/dev/null || true)
  fresh+="$compiler $workload $now"$'\n'
  if [ -z "$before" ]; then
    printf '%-16s %12d  (no count for rustc %s)\n' "$workload" "$now" "$compiler"
  else
    verdict=$(awk -v n="$now" -v b="$before" 'BEGIN { d = 100 * (n - b) / b; printf "%+.2f %% %s", d, (d > 5 ? "TOO MANY" : "ok") }')
    printf '%-16s %12d  was %12d  %s\n' "$workload" "$now" "$before" "$verdict"
    case "$verdict" in *TOO*) failed=1 ;; esac
  fi
done

if [ "${1:-}" = "--update" ]; then
  { grep -v "^$compiler " "$known" 2>/dev/null || true; printf '%s' "$fresh"; } | sort >"$known.new"
  mv "$known.new" "$known"
  echo "wrote $known"
elif [ "$failed" = 1 ]; then
  echo "instructions: a workload has grown by more than 5 %; make it leaner, or say why and --update" >&2
  exit 1
fi
