#!/usr/bin/env bash
# Measures what the README shows and writes it there, between its markers. Figures are never typed.
#
#   NEURAL_KRAKEN_RECORDINGS=FOLDER scripts/figures.sh
#
# Takes some minutes on a quiet host. The recordings are the input; without them it refuses.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${NEURAL_KRAKEN_RECORDINGS:?name the folder of the recordings}"
cargo bench --features rivals --bench hot >&2
cargo bench --features rivals --bench wire >&2
cargo build --release >&2

played() { # title, arguments of replay
  local title=$1
  shift
  for _ in 1 2 3 4 5; do
    ./target/release/neural-kraken replay "$@" --json
  done | awk -v title="$title" '
    function field(name,   text) {
      text = $0; sub(".*\"" name "\":", "", text); sub("[,}].*", "", text); return text + 0
    }
    function of(stage, name,   text) {
      text = $0; sub(".*\"" stage "\":\\{", "", text); sub("\\}.*", "", text)
      sub(".*\"" name "\":", "", text); sub(",.*", "", text); return text + 0
    }
    { frames = field("frames"); fps[NR] = field("frames_per_s"); allocations += field("allocations_after_start")
      p50[NR] = of("tick_to_decision", "p50"); p99[NR] = of("tick_to_decision", "p99") }
    function median(list,   n, i, j, t) {
      n = NR
      for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (list[j] < list[i]) { t = list[i]; list[i] = list[j]; list[j] = t }
      return list[int((n + 1) / 2)]
    }
    END { printf "| %s | %d | %.1f million | %d | %d | %d |\n", title, frames, median(fps) / 1e6, median(p50), median(p99), allocations }'
}

stages() { # arguments of replay
  for _ in 1 2 3 4 5; do
    ./target/release/neural-kraken replay "$@" --json
  done | awk '
    function of(stage, name,   text) {
      text = $0; sub(".*\"" stage "\":\\{\"count\"", "\"count\"", text); sub("\\}.*", "", text)
      sub(".*\"" name "\":", "", text); sub(",.*", "", text); return text + 0
    }
    BEGIN { n = split("decode book signal model strategy route risk dispatch tick_to_decision tick_to_order", names, " ")
            m = split("count p50 p99 p999", columns, " ") }
    { for (i = 1; i <= n; i++) for (j = 1; j <= m; j++) seen[i, j, NR] = of(names[i], columns[j]) }
    function median(i, j,   k, l, t, list) {
      for (k = 1; k <= NR; k++) list[k] = seen[i, j, k]
      for (k = 1; k <= NR; k++) for (l = k + 1; l <= NR; l++) if (list[l] < list[k]) { t = list[k]; list[k] = list[l]; list[l] = t }
      return list[int((NR + 1) / 2)]
    }
    END { for (i = 1; i <= n; i++) {
            name = names[i]; gsub("_", " ", name)
            printf "| %s | %d | %d | %d | %d |\n", name, median(i, 1), median(i, 2), median(i, 3), median(i, 4) } }'
}

raw=$NEURAL_KRAKEN_RECORDINGS/hftbacktest_binance_raw
figures=$(mktemp)
{
  echo "<!-- figures: written by scripts/figures.sh -->"
  echo
  echo "Whole recordings through all eight stages, trading on paper (\`neural-kraken replay\`, medians of five runs,"
  echo "frames in memory; frames/s has the paper venue and its second set of books in it):"
  echo
  echo "| recording | frames | frames/s | frame in to decision p50, ns | p99, ns | allocations |"
  echo "|---|---|---|---|---|---|"
  played "Binance spot BTCUSDT" --venue binance --format stamped "$raw"/spot_btcusdt_2024080{8,9}.log.gz
  played "Binance USD-M BTCUSDT" --venue binance-usdm --format stamped "$raw"/usdm_btcusdt_20240808.log.gz
  played "Binance COIN-M BTCUSD" --venue binance-coinm --format stamped "$raw"/cm_btcusd_perp_2024080{8,9}.log.gz
  played "Kraken BTC/USD, every CRC32 checked" --venue kraken --format frames "$NEURAL_KRAKEN_RECORDINGS"/kraken_v2/btcusd_depth10_20260719T1754.jsonl
  echo
  echo "What each stage takes of a frame of Binance spot BTCUSDT, ns (same command; stages on one frame in sixteen):"
  echo
  echo "| stage | count | p50 | p99 | p99.9 |"
  echo "|---|---|---|---|---|"
  stages --venue binance --format stamped "$raw"/spot_btcusdt_2024080{8,9}.log.gz
  echo
  echo "Parts, warm and cold, rivals in the same run pass by pass (\`cargo bench --features rivals\`):"
  echo
  cat "${CARGO_TARGET_DIR:-target}/bench/hot.md"
  echo
  echo "From socket to socket over TLS on loopback, an order for each frame, from the return of the receive"
  echo "(\`cargo bench --features rivals --bench wire\`; the other contenders in the same run, pass by pass):"
  echo
  cat "${CARGO_TARGET_DIR:-target}/bench/wire.md"
  echo
  echo "<!-- /figures -->"
} >"$figures"
awk -v file="$figures" '
  /^<!-- figures/ { while ((getline line < file) > 0) print line; skipping = 1 }
  !skipping { print }
  /^<!-- \/figures -->/ { skipping = 0 }' README.md >README.md.new
mv README.md.new README.md
echo "wrote the figures into README.md"
