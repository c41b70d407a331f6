#!/usr/bin/env bash
# Kills a live session with -9 at random moments, again and again, on the built-in venues as a
# process of their own, and looks at what the next session finds: orders of ours that were left open
# are cancelled before it trades, and at the end of each session that lives every account must hold
# what the ledger says and nothing of ours may be open.
#
#   scripts/drill_kill.sh [ROUNDS] [PROGRAM]
set -euo pipefail
rounds=${1:-10}
cd "$(dirname "$0")/.."
program=${2:-target/release/neural-kraken}
[ -x "$program" ] || cargo build --release --bin neural-kraken
work=$(mktemp -d)
trap 'kill "$venues" 2>/dev/null || true; rm -rf "$work"' EXIT
"$program" sim --ca-file "$work/ca.pem" >"$work/ready.json" 2>"$work/sim.log" &
venues=$!
for _ in $(seq 100); do [ -s "$work/ready.json" ] && break; sleep 0.1; done

# Where the venues are and what their accounts sign with, as a configuration and an environment.
python3 - "$work" <<'PYTHON'
import json, shlex, sys
work = sys.argv[1]
venues = json.load(open(f"{work}/ready.json"))["venues"]
hosts = {
    "kraken": ["ws.kraken.com", "ws-auth.kraken.com", "api.kraken.com"],
    "binance": ["stream.binance.com", "api.binance.com", "ws-api.binance.com"],
    "coinbase": ["advanced-trade-ws.coinbase.com", "advanced-trade-ws-user.coinbase.com",
                 "api.coinbase.com"],
}
lines = [open("src/config/built_in.toml").read(), "[trading]", "live = true",
         f'state_dir = "{work}/state"', "", "[live]", f'ca_files = ["{work}/ca.pem"]', "",
         "[live.addresses]"]
for venue, names in hosts.items():
    lines += [f'"{name}" = "{venues[venue]["url"]}"' for name in names]
open(f"{work}/config.toml", "w").write("\n".join(lines) + "\n")
keys = {
    "KRAKEN": (venues["kraken"]["api_key"], venues["kraken"]["secret"]),
    "BINANCE": (venues["binance"]["ed25519_api_key"], venues["binance"]["ed25519_private_key"]),
    "COINBASE": (venues["coinbase"]["key_name"], venues["coinbase"]["private_key"]),
}
with open(f"{work}/keys.sh", "w") as out:
    for name, (key, secret) in keys.items():
        out.write(f"export NEURAL_KRAKEN_{name}_KEY={shlex.quote(key)}\n")
        out.write(f"export NEURAL_KRAKEN_{name}_SECRET={shlex.quote(secret)}\n")
PYTHON
# shellcheck source=/dev/null
source "$work/keys.sh"

orphans=0 killed_trading=0
for round in $(seq "$rounds"); do
    "$program" --config "$work/config.toml" run --live --record "$work/journal-$round" \
        >/dev/null 2>"$work/run-$round.log" &
    session=$!
    sleep "$(awk -v seed="$RANDOM" 'BEGIN { srand(seed); print 0.5 + 4 * rand() }')"
    if ! kill -9 "$session" 2>/dev/null; then
        echo "round $round: the session had ended by itself:" >&2
        tail -5 "$work/run-$round.log" >&2
        exit 1
    fi
    wait "$session" 2>/dev/null || true
    found=$(grep -c "of an earlier session was still open" "$work/run-$round.log" || true)
    orphans=$((orphans + found))
    grep -q "coinbase: live" "$work/run-$round.log" && killed_trading=$((killed_trading + 1))
done

"$program" --config "$work/config.toml" run --live --duration 5 --json --record "$work/last" \
    >"$work/last.json" 2>"$work/last.log"
python3 - "$work/last.json" <<'PYTHON'
import json, sys
told = json.load(open(sys.argv[1]))
breaks = told["breaks"]
if told["mode"] != "live" or breaks != []:
    sys.exit(f"the last session's accounts do not hold what its ledger says: {breaks}")
PYTHON
found=$(grep -c "of an earlier session was still open" "$work/last.log" || true)
orphans=$((orphans + found))
echo "$rounds sessions killed, $killed_trading of them while they traded; $orphans orders that they" \
    "left open were cancelled by the next; the last one's accounts hold what its ledger says"
