#!/bin/sh
# Cold start until ready, memory at rest and the time of a scrape: with nothing in Redis, with OPEN requests that wait for
# approvals, with FINISHED ones beside them, and with CONNECTIONS that are managed. And the size of the binary. Requires
# redis-server and curl.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'kill $bot $redis 2>/dev/null || true; rm -rf "$work"' EXIT
bot= redis=
CGO_ENABLED=0 go build -tags grpcnotrace -trimpath -ldflags '-s -w' -o "$work/bot" ./cmd/remote-cluster-bot
redis-server --port 6390 --bind 127.0.0.1 --dir "$work" --appendonly yes --save '' >/dev/null & redis=$!
"$work/bot" config example | sed 's/127.0.0.1:6379/127.0.0.1:6390/; s/127.0.0.1:8080/127.0.0.1:8390/; s#bot_token#api_url: "http://127.0.0.1:1/"\n  bot_token#' > "$work/config.yaml"
echo 'metrics: { listen: "127.0.0.1:9390" }' >> "$work/config.yaml"
export SLACK_BOT_TOKEN=xoxb-bench SLACK_SIGNING_SECRET=bench ECE_API_KEY=bench EC_API_KEY=bench EC_ELASTICSEARCH_PASSWORD=bench
export RCB_ENCRYPTION_KEY=bench-bench-bench-bench-bench-bench
sleep 1

# start NAME: the bot starts, rests, and is asked how much memory it has.
start() {
	begun=$(date +%s%N)
	"$work/bot" serve --config "$work/config.yaml" 2>"$work/log" & bot=$!
	until curl -sf http://127.0.0.1:8390/readyz >/dev/null; do
		kill -0 $bot || { cat "$work/log" >&2; exit 1; }
	done
	echo "BenchmarkStart/$1 1 $(( $(date +%s%N) - begun )) ns/op"
	sleep 5
	scrape=$(curl -s -o /dev/null -w '%{time_total}' http://127.0.0.1:9390/metrics)
	echo "BenchmarkScrape/$1 1 $scrape s/op"
	rss=$(awk '/VmRSS/ {print $2}' /proc/$bot/status)
	echo "BenchmarkRest/$1 1 $rss RSS-kB"
	kill $bot; wait $bot || true
}
for n in 1 2 3 4 5; do start empty; done
go build -o "$work/fill" ./bench/fill
env=$(awk '/^environment:/ {print $2}' "$work/config.yaml")
"$work/fill" -redis 127.0.0.1:6390 -env "$env" -open "${OPEN:-10000}"
for n in 1 2 3; do start "open=${OPEN:-10000}"; done
"$work/fill" -redis 127.0.0.1:6390 -env "$env" -finished "${FINISHED:-100000}"
for n in 1 2 3; do start "open=${OPEN:-10000},finished=${FINISHED:-100000}"; done
"$work/fill" -redis 127.0.0.1:6390 -env "$env" -connections "${CONNECTIONS:-5000}"
start "connections=${CONNECTIONS:-5000}"
echo "BenchmarkBinary 1 $(stat -c %s "$work/bot") bytes"
