#!/bin/sh
# How much memory the bot takes, and how fast it answers Slack, while strangers hold CONNECTIONS that send 100 bytes of
# 1 MB each. Needs two cores and a limit of open files above CONNECTIONS.
set -eu
cd "$(dirname "$0")/.."
n="${CONNECTIONS:-5000}"
ulimit -n $((n * 2))
work=$(mktemp -d)
bot=
trap 'kill $bot 2>/dev/null || true; rm -rf "$work"' EXIT
go build -o "$work/ack" ./bench/ack
GOMEMLIMIT=80MiB "$work/ack" -serve 127.0.0.1:9914 >/dev/null & bot=$!
sleep 1
"$work/ack" -for "${1:-4}s" -url http://127.0.0.1:9914 -pid $bot -name "unsigned=$n" -rate 50 -unsigned "$n"
