package contract

import "slices"

// connectionSteps use a connection that stands.
func connectionSteps() []step {
	return slices.Concat(
		linked("connected", allSockets),
		[]step{
			{name: "connected: settings", call: "GET /_cluster/settings?flat_settings=true"},
			{name: "connected: settings nested", call: "GET /_cluster/settings"},
		},
		stands("connected"),
		[]step{
			{name: "connected: resolve all", call: "GET /_resolve/cluster"},
			{name: "connected: resolve local", call: "GET /_resolve/cluster/logs-*"},
			{name: "connected: resolve both", call: "GET /_resolve/cluster/logs-*,m:metrics-*"},
			{name: "connected: resolve one", call: "GET /_resolve/cluster/m:metrics-1?ignore_unavailable=true"},
			{name: "connected: resolve several", call: "GET /_resolve/cluster/m:metrics-1,m:metrics-2"},
			{name: "connected: resolve a pattern of nothing", call: "GET /_resolve/cluster/m:metrics-9*"},
			{name: "connected: resolve a name of nothing", call: "GET /_resolve/cluster/m:metrics-9"},
			{name: "connected: resolve a name of nothing, ignored", call: "GET /_resolve/cluster/m:metrics-9?ignore_unavailable=true"},
			{name: "connected: resolve a name that is not granted", call: "GET /_resolve/cluster/m:billing-1"},
			{name: "connected: resolve a name that is not granted, ignored", call: "GET /_resolve/cluster/m:billing-1?ignore_unavailable=true"},
			{name: "connected: resolve a pattern that is not granted", call: "GET /_resolve/cluster/m:billing-*"},
			{name: "connected: search all", call: "POST /m:metrics-*/_search"},
			{name: "connected: search one", call: "POST /m:metrics-1/_search"},
			{name: "connected: search both", call: "POST /logs-*,m:metrics-*/_search"},
			{name: "connected: search a pattern of nothing", call: "POST /m:metrics-9*/_search"},
			{name: "connected: search a name of nothing", call: "POST /m:metrics-9/_search"},
			{name: "connected: search a name of nothing, ignored", call: "POST /m:metrics-9/_search?ignore_unavailable=true"},
			{name: "connected: search a name that is not granted", call: "POST /m:billing-1/_search"},
			{name: "connected: search a name that is not granted, ignored", call: "POST /m:billing-1/_search?ignore_unavailable=true"},
			{name: "connected: search a pattern that is not granted", call: "POST /m:billing-*/_search"},
			{name: "connected: search a local name of nothing", call: "POST /logs-9/_search"},
			{name: "connected: reader resolves", as: "reader", call: "GET /_resolve/cluster/m:metrics-*"},
			{name: "connected: reader searches", as: "reader", call: "POST /m:metrics-*/_search"},
			{name: "connected: reader searches what is not granted", as: "reader", call: "POST /m:billing-1/_search"},
			{name: "connected: reader searches a pattern that is not granted", as: "reader", call: "POST /m:billing-*/_search"},
			{name: "connected: reader resolves what is not granted", as: "reader", call: "GET /_resolve/cluster/m:billing-1"},
			{name: "connected: reader resolves what is not granted, ignored", as: "reader", call: "GET /_resolve/cluster/m:billing-1?ignore_unavailable=true"},
			{name: "connected: role of no remote", call: "PUT /_security/role/here", body: `{"indices":[{"names":["logs-*"],"privileges":["read"]}]}`},
			user(local, "here", "here"),
			{name: "connected: resolve without a role", as: "here", call: "GET /_resolve/cluster/m:metrics-*"},
			{name: "connected: search without a role", as: "here", call: "POST /m:metrics-*/_search"},
			{name: "connected: search local as reader", as: "reader", call: "POST /logs-1/_search"},
			{name: "connected: search local, not granted", as: "reader", call: "POST /metrics-1/_search"},
			{name: "connected: search local pattern, not granted", as: "reader", call: "POST /metrics-*/_search"},
			{name: "connected: another alias", call: "PUT /_cluster/settings", body: `{"persistent":{"cluster.remote.n.mode":"proxy","cluster.remote.n.proxy_address":"$REMOTE:9443","cluster.remote.n.server_name":"$REMOTE"}}`},
		},
	)
}

// skipSteps tell when the value in effect of skip_unavailable is another than the one that is set.
func skipSteps() []step {
	return []step{
		{name: "connected: another alias gone", call: "PUT /_cluster/settings", body: `{"persistent":{"cluster.remote.n.*":null}}`},
		put("skip: sockets and true", `{"cluster.remote.m.proxy_socket_connections":2,"cluster.remote.m.skip_unavailable":"true"}`),
		put("skip: sockets and false", `{"cluster.remote.m.proxy_socket_connections":3,"cluster.remote.m.skip_unavailable":"false"}`),
		{name: "skip: info after sockets and false", call: "GET /_remote/info", until: `"num_proxy_sockets_connected":3`},
		put("skip: sockets", `{"cluster.remote.m.proxy_socket_connections":4}`),
		{name: "skip: info after sockets", call: "GET /_remote/info", until: `"num_proxy_sockets_connected":4`},
		{name: "skip: resolve after sockets", call: "GET /_resolve/cluster/m:metrics-*"},
		put("skip: sockets and flag", `{"cluster.remote.m.proxy_socket_connections":2,"cluster.remote.m.skip_unavailable":"false"}`),
		{name: "skip: info after sockets and flag", call: "GET /_remote/info", until: `"num_proxy_sockets_connected":2`},
		put("skip: the same flag", `{"cluster.remote.m.skip_unavailable":"false"}`),
		{name: "skip: info after the same flag", call: "GET /_remote/info"},
		put("skip: true", `{"cluster.remote.m.skip_unavailable":"true"}`),
		{name: "skip: info after true", call: "GET /_remote/info"},
		put("skip: false", `{"cluster.remote.m.skip_unavailable":"false"}`),
		{name: "skip: info after false", call: "GET /_remote/info"},
		put("skip: compress", `{"cluster.remote.m.transport.compress":"true"}`),
		{name: "skip: info after compress", call: "GET /_remote/info"},
		put("skip: compress removed", `{"cluster.remote.m.transport.compress":null}`),
		put("skip: ping", `{"cluster.remote.m.transport.ping_schedule":"30s"}`),
		{name: "skip: info after ping", call: "GET /_remote/info"},
		put("skip: ping removed", `{"cluster.remote.m.transport.ping_schedule":null}`),
		put("skip: server name", `{"cluster.remote.m.server_name":"other.ece.example"}`),
		{name: "skip: info after server name", call: "GET /_remote/info", until: `"connected":true`},
		put("skip: sockets 3", `{"cluster.remote.m.proxy_socket_connections":3,"cluster.remote.m.server_name":"$REMOTE"}`),
		{name: "skip: removed", call: "PUT /_cluster/settings", body: `{"persistent":{"cluster.remote.m.skip_unavailable":null}}`},
		{name: "skip: info after removal", call: "GET /_remote/info"},
		put("skip: remove the mode alone", `{"cluster.remote.m.mode":null}`),
		put("skip: remove the address alone", `{"cluster.remote.m.proxy_address":null}`),
	}
}
