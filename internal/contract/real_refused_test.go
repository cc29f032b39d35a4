package contract

import "slices"

// changedKeySteps change the key of a connection that stands: it goes on by its open sockets, one of which is closed
// with each refusal.
func changedKeySteps() []step {
	info := step{call: "GET /_remote/info"}
	before := func(name string) step { info.name = name + ": info before use"; return info }
	return slices.Concat(
		[]step{{do: func(p *pair) {
			p.vars["UNKNOWN_ID"] = "AAAAAAAAAAAAAAAAAAAA"
			p.vars["UNKNOWN"] = encoded(p.vars["UNKNOWN_ID"], "AAAAAAAAAAAAAAAAAAAAAA")
			p.vars["WRONG"] = encoded(p.vars["KEY_ID"], "AAAAAAAAAAAAAAAAAAAAAA")
		}}},
		linked("good", allSockets),
		[]step{storeSecret(local, credentials, "$WRONG"), reload("wrong"), before("wrong")},
		stands("wrong"), stands("still wrong"), stands("no socket left"),
		[]step{storeSecret(local, credentials, "$KEY"), reload("good again"), before("good again")},
		stands("good again"),
		changed("invalidated", "$ENDED"), changed("expired", "$GONE"), changed("unknown", "$UNKNOWN"), changed("malformed", "nonsense"),
		changed("of rest", "$REST"), changed("of replication", "$COPY"),
		[]step{storeSecret(local, credentials, ""), reload("entry removed"), before("entry removed")}, stands("entry removed"),
		[]step{
			storeSecret(local, credentials, "$KEY"), reload("entry added"),
			{name: "entry added: info at first", call: "GET /_remote/info", until: allSockets},
		},
		stands("entry added"),
	)
}

func changed(what, value string) []step {
	return slices.Concat(
		linked("changed to "+what, allSockets), []step{storeSecret(local, credentials, value), reload("changed to " + what)}, stands("changed to "+what),
		[]step{storeSecret(local, credentials, "$KEY"), reload("changed back from " + what)}, stands("changed back from "+what),
	)
}

// firstKeySteps begin a connection with a key.
func firstKeySteps() []step {
	return slices.Concat(
		first("wrong", "$WRONG"), first("invalidated", "$ENDED"), first("expired", "$GONE"), first("unknown", "$UNKNOWN"), first("malformed", "nonsense"),
		first("of rest", "$REST"), first("of replication", "$COPY"), first("without a colon", "bm90aGluZw=="), first("none", ""),
		[]step{storeSecret(local, credentials, "$KEY"), reload("after the first keys")},
	)
}

func first(what, value string) []step {
	return slices.Concat(
		[]step{put("first "+what+": gone", `{"cluster.remote.m.*":null}`), storeSecret(local, credentials, value), reload("first " + what)},
		linked("first "+what, ""), stands("first "+what),
	)
}

// unreachedSteps are connections that can't be opened, and some that can.
func unreachedSteps() []step {
	skipping := put("skipping: true", `{"cluster.remote.m.skip_unavailable":"true"}`)
	return slices.Concat(
		unreached("closed port", "$REMOTE:9444"), unreached("unknown host", "nowhere.invalid:9443"),
		linked("server name", allSockets), []step{put("another server name", `{"cluster.remote.m.server_name":"nowhere.invalid"}`)},
		hides("another server name"), stands("another server name"),
		linked("both names", allSockets),
		[]step{put("neither name fits", `{"cluster.remote.m.server_name":"nowhere.invalid","cluster.remote.m.proxy_address":"`+otherHost+`:9443"}`)},
		hides("neither name fits"), stands("neither name fits"),
		[]step{put("no server name", `{"cluster.remote.m.server_name":null,"cluster.remote.m.proxy_address":"$REMOTE:9443"}`)},
		hides("no server name"), stands("no server name"),
		linked("skipping", allSockets), []step{skipping, storeSecret(local, credentials, "$WRONG"), reload("skipping")},
		stands("skipping"), stands("still skipping"), stands("skipping without a socket"),
		[]step{storeSecret(local, credentials, "$KEY"), reload("skipping no more")},
		linked("untrusted", allSockets),
		[]step{{do: func(p *pair) { p.trust(false) }}, put("untrusted: sockets", `{"cluster.remote.m.proxy_socket_connections":4}`)},
		hides("untrusted"), stands("untrusted"),
		[]step{{do: func(p *pair) { p.trust(true) }}}, linked("trusted again", allSockets), stands("trusted again"),
	)
}

func unreached(what, address string) []step {
	return slices.Concat(
		linked(what, allSockets),
		[]step{put(what+": moved", `{"cluster.remote.m.proxy_address":"`+address+`"}`), put(what+": skip", `{"cluster.remote.m.skip_unavailable":"true"}`)},
		stands(what+", skipping"), []step{put(what+": no skip", `{"cluster.remote.m.skip_unavailable":"false"}`)}, stands(what),
	)
}

// licenseSteps take the trial away from one side, then from the other.
func licenseSteps() []step {
	return slices.Concat(
		[]step{storeSecret(local, credentials, "$KEY"), reload("licenses")}, linked("licenses", allSockets), stands("licenses"),
		[]step{license(remote, "basic"), {name: "licenses: remote", on: remote, call: "GET /_license"}}, stands("remote basic"),
		linked("remote basic", ""), stands("remote basic from the start"),
		[]step{
			update("basic", "$KEY_ID", `{"access":{"search":[{"names":["metrics-1"]}]}}`), create("basic", keyBody),
			invalidate("basic", `{"ids":["$KEY_ID"]}`), license(local, "basic"),
		},
		stands("both basic"), linked("both basic", ""), stands("both basic from the start"),
	)
}
