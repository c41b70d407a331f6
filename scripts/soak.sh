#!/usr/bin/env bash
# Does memory stay flat and latency where it was? Runs the machine on the built-in venues for a long
# time at a multiple of market speed, and prints memory and latency by interval.
#
#   scripts/soak.sh                30 minutes at 20 times market speed, a row a minute
#   scripts/soak.sh 60 20 10       60 s, at 20 times, a row each 10 s
#
# Fails where memory grew by more than 16 MiB from the second row to the last, or where a frame was
# lost, refused or missed. Latency is shown and not judged: it is the host's, too.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-1800} speed=${2:-20} every=${3:-60}
cargo build --release --quiet
record=$(mktemp -d)
trap 'rm -rf "$record"' EXIT
"${CARGO_TARGET_DIR:-target}/release/neural-kraken" --json run \
  --duration "$seconds" --speed "$speed" --every "$every" --record "$record/session" |
  awk -v speed="$speed" -v every="$every" '
  function of(text, name,   part) {
    if (!match(text, "\"" name "\":[0-9]+")) return 0
    part = substr(text, RSTART, RLENGTH); sub(".*:", "", part); return part + 0
  }
  { whole = whole $0 }
  END {
    n = split(whole, rest, "\"intervals\":\\[")
    if (n < 2) { print "soak: the run said nothing of its intervals"; exit 1 }
    sub("\\].*", "", rest[2])
    rows = split(rest[2], row, "\\},\\{\"frames\"|^\\{\"frames\"")
    printf "%s times market speed, rows of %s s; tick to decision in ns\n", speed, every
    printf "%4s %10s %8s %8s %8s %8s\n", "row", "frames", "p50", "p99", "p99.9", "MiB"
    count = 0
    for (i = 1; i <= rows; i++) {
      if (row[i] !~ /resident_bytes/) continue
      text = "\"frames\"" row[i]; mib = of(text, "resident_bytes") / 1048576; count++
      printf "%4d %10d %8d %8d %8d %8.1f\n", count, of(text, "frames"), of(text, "p50"), of(text, "p99"), of(text, "p999"), mib
      if (count == 2) early = mib
      late = mib
    }
    lost = of(whole, "journal_lost"); refused = of(whole, "refused"); gaps = of(whole, "gaps")
    printf "lost %d, refused %d, gaps %d\n", lost, refused, gaps
    if (count < 3) { print "soak: fewer than three rows; give it more time"; exit 1 }
    if (late > early + 16) { printf "soak: memory grew by %.1f MiB\n", late - early; exit 1 }
    if (lost + refused + gaps > 0) { print "soak: frames were lost, refused or missed"; exit 1 }
  }'
