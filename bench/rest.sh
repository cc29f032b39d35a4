#!/bin/sh
# Cold start until ready, memory at rest, size of the binary. Wants redis-server and curl.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'kill $bot $redis 2>/dev/null || true; rm -rf "$work"' EXIT
bot= redis=
CGO_ENABLED=0 go build -tags grpcnotrace -trimpath -ldflags '-s -w' -o "$work/bot" ./cmd/remote-cluster-bot
redis-server --port 6390 --bind 127.0.0.1 --dir "$work" --appendonly yes --save '' >/dev/null & redis=$!
"$work/bot" config example | sed 's/127.0.0.1:6379/127.0.0.1:6390/; s/127.0.0.1:8080/127.0.0.1:8390/; s#bot_token#api_url: "http://127.0.0.1:1/"\n  bot_token#' > "$work/config.yaml"
export SLACK_BOT_TOKEN=xoxb-bench SLACK_SIGNING_SECRET=bench ECE_API_KEY=bench EC_API_KEY=bench EC_ELASTICSEARCH_PASSWORD=bench
export RCB_ENCRYPTION_KEY=bench-bench-bench-bench-bench-bench
sleep 1
for n in 1 2 3 4 5; do
	start=$(date +%s%N)
	"$work/bot" serve --config "$work/config.yaml" 2>"$work/log" & bot=$!
	until curl -sf http://127.0.0.1:8390/readyz >/dev/null; do
		kill -0 $bot || { cat "$work/log" >&2; exit 1; }
	done
	echo "BenchmarkStart 1 $(( $(date +%s%N) - start )) ns/op"
	sleep 3
	rss=$(awk '/VmRSS/ {print $2}' /proc/$bot/status)
	echo "BenchmarkRest 1 $rss RSS-kB"
	kill $bot; wait $bot || true
done
echo "BenchmarkBinary 1 $(stat -c %s "$work/bot") bytes"
