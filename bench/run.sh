#!/bin/sh
# Answers to Slack, side by side with Bolt for JavaScript: same machine, same load generator, same core.
# usage: bench/run.sh [seconds]     needs taskset, node and npm
set -eu
cd "$(dirname "$0")/.."
span="${1:-4}s"
secret=bench-signing-secret
work=$(mktemp -d)
trap 'kill $bot $bot2 $bolt 2>/dev/null || true; rm -rf "$work"' EXIT
bot= bot2= bolt=

go build -o "$work/ack" ./bench/ack
(cd bench/bolt && npm ci --no-audit --no-fund --loglevel=error >/dev/null)

GOMAXPROCS=1 taskset -c 0 "$work/ack" -serve 127.0.0.1:9911 >/dev/null & bot=$!
GOMAXPROCS=2 "$work/ack" -serve 127.0.0.1:9913 >/dev/null & bot2=$!
SIGNING_SECRET=$secret SLACK_API_URL=http://127.0.0.1:9901/api/ PORT=9912 NODE_ENV=production \
	taskset -c 0 node bench/bolt/app.js >/dev/null & bolt=$!
sleep 2

load() { taskset -c 1 "$work/ack" -for "$span" "$@"; }
load -url http://127.0.0.1:9911 -pid $bot -name bot-1core
load -url http://127.0.0.1:9912 -pid $bolt -name bolt-1core
load -url http://127.0.0.1:9913 -pid $bot2 -name bot-2cores
load -url http://127.0.0.1:9911 -pid $bot -name bot-500rps -rate 500
