#!/usr/bin/env bash
# All that must hold before a change lands, in order of cost; each step prints its time.
#
#   scripts/ci.sh                  all steps
#   scripts/ci.sh test fmt clippy  these only
#
# NEURAL_KRAKEN_RECORDINGS names the folder of the real recordings; the step that needs it fails
# without it, and fails where one of its tests was skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0

step_test() { cargo test; }

step_fmt() { cargo fmt --all -- --check && cargo fmt --manifest-path tests/fuzz/Cargo.toml -- --check; }

step_clippy() { cargo clippy --workspace --all-targets --all-features -- -D warnings; }

step_docs() { RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items; }

# What is behind a feature that no user pays for unasked.
step_parquet() { cargo test --features parquet --test machine story::features; }

step_recordings() {
  : "${NEURAL_KRAKEN_RECORDINGS:?name the folder of the recordings}"
  local log
  cargo test -p bench-rivals -- --include-ignored
  log=$(mktemp)
  cargo test --test recordings 2>&1 | tee "$log"
  if ! grep -q ' 0 ignored' "$log"; then
    echo "recordings: a test was skipped, and here all must run" >&2
    return 1
  fi
}

# The live machine in bad weather, more seeds than `cargo test` has.
step_storm() {
  NEURAL_KRAKEN_SEEDS=${NEURAL_KRAKEN_SEEDS:-100..2100} \
    NEURAL_KRAKEN_LIVE_SEEDS=${NEURAL_KRAKEN_LIVE_SEEDS:-100..2100} \
    cargo test --test machine storm
}

# What is behind a feature: training and its proofs.
step_train() { cargo test --features train --lib train::; }

# Not among the steps that run unasked, since it takes packages from the net. Our engine beside ONNX
# Runtime: random graphs, those of the exporters, the shipped model.
step_model() {
  need python3 python3
  # A module, which is no program, so that its package is asked for where it is not there.
  python3 -c 'import ensurepip' 2>/dev/null || need ensurepip python3-venv
  MODEL_CHECK=required MODEL_CHECK_PROFILE=dev scripts/model-check.sh 60
}

step_benches() {
  cargo test -p bench-rivals
  cargo bench --features rivals --bench hot -- --test
  cargo bench --features rivals --bench wire -- --test
}

# A minute of the built-in venues at twenty times market speed: memory stays flat, nothing is lost.
step_soak() { scripts/soak.sh 60 20 10; }

# Live sessions killed with -9: the next one leaves nothing open, and accounts and ledger agree.
step_drill() {
  need python3 python3
  cargo build --release --bin neural-kraken
  scripts/drill_kill.sh 5
}

# That the planted bugs still fit; planting them all takes half an hour: scripts/mutants.sh.
step_mutants() { scripts/mutants.sh --check; }

step_loom() {
  RUSTFLAGS="--cfg interleavings" cargo test --release --lib --target-dir target/loom loom_
}

step_instructions() {
  need valgrind valgrind
  scripts/instructions.sh
}

step_fuzz() {
  need g++ g++
  command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
  (cd tests/fuzz && cargo run --quiet --example corpus)
  cargo fuzz build --fuzz-dir tests/fuzz -s none
  local target log
  for target in $(cargo fuzz list --fuzz-dir tests/fuzz); do
    log=$(mktemp)
    if ! cargo fuzz run --fuzz-dir tests/fuzz -s none "$target" -- \
      -max_total_time="${FUZZ_SECONDS:-30}" -max_len=8192 >"$log" 2>&1; then
      cat "$log"
      return 1
    fi
    echo "fuzz: $target: $(grep -o '^Done [0-9]* runs in [0-9]* second' "$log")s"
  done
}

# A program that a step needs, from the system's packages where it is missing.
need() { # program, package
  command -v "$1" >/dev/null && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -y -qq "$2" >/dev/null
  else
    echo "ci: $1 is missing; install the package $2" >&2
    return 1
  fi
}

steps=("$@")
[ ${#steps[@]} -gt 0 ] || steps=(mutants test fmt clippy docs parquet train storm recordings benches soak drill loom instructions fuzz)
for step in "${steps[@]}"; do
  echo "== $step"
  begun=$SECONDS
  "step_$step"
  echo "== $step: $((SECONDS - begun)) s"
done
echo "== all: $SECONDS s"
