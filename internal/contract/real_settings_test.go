package contract

// settingSteps are refusals of settings, and calls about an alias that is none.
func settingSteps() []step {
	return []step{
		put("settings: cleared", `{"cluster.remote.m.*":null}`),
		{name: "settings: fresh", call: "GET /_cluster/settings?flat_settings=true"},
		{name: "settings: info of a fresh cluster", call: "GET /_remote/info"},
		put("settings: nothing", `{}`),
		{name: "settings: no body", call: "PUT /_cluster/settings"},
		{name: "settings: unknown part", call: "PUT /_cluster/settings", body: `{"nothing":{}}`},
		put("settings: unknown mode", `{"cluster.remote.m.mode":"nonsense"}`),
		put("settings: address without port", `{"cluster.remote.m.mode":"proxy","cluster.remote.m.proxy_address":"example.com"}`),
		put("settings: address with a bad port", `{"cluster.remote.m.mode":"proxy","cluster.remote.m.proxy_address":"example.com:port"}`),
		put("settings: address without mode", `{"cluster.remote.m.proxy_address":"$REMOTE:9443"}`),
		put("settings: server name without mode", `{"cluster.remote.m.server_name":"$REMOTE"}`),
		put("settings: seeds beside proxy", `{"cluster.remote.m.mode":"proxy","cluster.remote.m.proxy_address":"$REMOTE:9443","cluster.remote.m.seeds":["$REMOTE:9443"]}`),
		put("settings: node connections beside proxy", `{"cluster.remote.m.mode":"proxy","cluster.remote.m.proxy_address":"$REMOTE:9443","cluster.remote.m.node_connections":3}`),
		put("settings: unknown setting", `{"cluster.remote.m.nonsense":"x"}`),
		put("settings: unknown group", `{"cluster.remotes.m.mode":"proxy"}`),
		put("settings: flag that is none", `{"cluster.remote.m.skip_unavailable":"maybe"}`),
		put("settings: no sockets", `{"cluster.remote.m.mode":"proxy","cluster.remote.m.proxy_address":"$REMOTE:9443","cluster.remote.m.proxy_socket_connections":0}`),
		put("settings: sockets that are no number", `{"cluster.remote.m.mode":"proxy","cluster.remote.m.proxy_address":"$REMOTE:9443","cluster.remote.m.proxy_socket_connections":"many"}`),
		put("settings: credentials as a setting", `{"cluster.remote.m.credentials":"x"}`),
		put("settings: compression that is none", `{"cluster.remote.m.transport.compress":"zip"}`),
		put("settings: schedule that is none", `{"cluster.remote.m.transport.ping_schedule":"often"}`),
		put("settings: removal of what is not there", `{"cluster.remote.m.mode":null,"cluster.remote.m.proxy_address":null}`),
		put("settings: removal of the unknown", `{"cluster.remote.m.nonsense":null}`),
		put("settings: removal by wildcard", `{"cluster.remote.m.*":null}`),
		put("settings: mode alone", `{"cluster.remote.m.mode":"proxy"}`),
		{name: "settings: info of a mode alone", call: "GET /_remote/info"},
		put("settings: mode removed", `{"cluster.remote.m.mode":null}`),
		{name: "settings: resolve an unknown alias", call: "GET /_resolve/cluster/nothing:*"},
		{name: "settings: search an unknown alias", call: "POST /nothing:x/_search"},
		{name: "settings: resolve an unknown alias as reader", as: "reader", call: "GET /_resolve/cluster/nothing:*"},
		{name: "settings: search an unknown alias as reader", as: "reader", call: "POST /nothing:x/_search"},
		{name: "settings: resolve an unknown alias by wildcard", call: "GET /_resolve/cluster/nothing*:*"},
	}
}
