#!/bin/sh
# What grows with deployments and connections, as a table of size and cost: each line is a benchmark that is run on few and on
# many. CONNECTIONS (checks, against whole stand-ins: three minutes) and MANAGED (records alone) set the larger size. Needs
# redis-server.
set -eu
cd "$(dirname "$0")/.."
export CONNECTIONS="${CONNECTIONS:-1000}" MANAGED="${MANAGED:-5000}"
{
	go test -run '^$' -timeout 2h -bench '^Benchmark(Checks|Outage)$' -benchtime "${BENCHTIME:-1x}" ./internal/app
	go test -run '^$' -bench '^Benchmark(Connections|Older)$' -benchtime "${BENCHTIME:-20x}" ./internal/app
	go test -run '^$' -bench '^BenchmarkList$' -benchtime "${BENCHTIME:-1x}" ./internal/link/plan
	go test -run '^$' -bench '^Benchmark(Trim|TrimAudit|AmongFinished)$' -benchtime "${BENCHTIME:-1x}" ./store
} | awk '
	BEGIN { print "| what | size | cost |\n| --- | --- | --- |" }
	/^Benchmark/ {
		split($1, name, "/"); sub(/^Benchmark/, "", name[1]); what = name[1]; size = name[2]
		if (3 in name) { what = what " " name[2]; size = name[3] }
		sub(/-[0-9]+$/, "", size); cost = ""
		for (i = 3; i < NF; i += 2) cost = cost (cost == "" ? "" : ", ") ($(i + 1) == "ns/op" ? sprintf("%.3g ms", $i / 1e6) : $i " " $(i + 1))
		print "| " what " | " size " | " cost " |"
	}
	/^(FAIL|panic)/ { bad = 1; print }
	END { exit bad }
'
