package contract

import (
	"strings"
	"time"
)

func create(name, body string) step {
	return step{name: "key: " + name, on: remote, call: "POST /_security/cross_cluster/api_key", body: body}
}

func access(name, access string) step { return create(name, `{"name":"k","access":`+access+`}`) }

func update(name, id, body string) step {
	return step{name: "update: " + name, on: remote, call: "PUT /_security/cross_cluster/api_key/" + id, body: body}
}

func invalidate(name, body string) step {
	return step{name: "invalidate: " + name, on: remote, call: "DELETE /_security/api_key", body: body}
}

// keySteps make keys and look at them.
func keySteps() []step {
	return []step{
		{name: "key: get", on: remote, call: "GET /_security/api_key?id=$KEY_ID"},
		{name: "key: get rest", on: remote, call: "GET /_security/api_key?id=$REST_ID"},
		{name: "key: get by name", on: remote, call: "GET /_security/api_key?name=k"},
		{name: "key: get unknown id", on: remote, call: "GET /_security/api_key?id=nothing"},
		{name: "key: get unknown name", on: remote, call: "GET /_security/api_key?name=nothing"},
		{name: "key: get id and name", on: remote, call: "GET /_security/api_key?id=a&name=b"},
		{name: "key: get owner and user", on: remote, call: "GET /_security/api_key?owner=true&username=elastic"},
		{name: "key: get bad flag", on: remote, call: "GET /_security/api_key?owner=maybe"},
		{name: "key: get active", on: remote, call: "GET /_security/api_key?name=k&active_only=true"},
		{name: "key: get as keymaker", on: remote, as: "keymaker", call: "GET /_security/api_key?id=$KEY_ID"},
		{name: "key: get as own", on: remote, as: "own", call: "GET /_security/api_key?id=$KEY_ID"},
		{name: "key: get own as own", on: remote, as: "own", call: "GET /_security/api_key?owner=true"},
		{name: "key: get as monitor", on: remote, as: "monitor", call: "GET /_security/api_key?id=$KEY_ID"},
		{name: "key: get own as monitor", on: remote, as: "monitor", call: "GET /_security/api_key?owner=true"},
		create("no body", ""),
		create("not JSON", `{"name":`),
		create("no name", `{"access":{"search":[{"names":["a"]}]}}`),
		create("no access", `{"name":"k"}`),
		create("unknown field", `{"name":"k","nothing":1,"access":{"search":[{"names":["a"]}]}}`),
		create("blank name", `{"name":"","access":{"search":[{"names":["a"]}]}}`),
		create("name with a space", `{"name":" k","access":{"search":[{"names":["a"]}]}}`),
		create("name with underscore", `{"name":"_k","access":{"search":[{"names":["a"]}]}}`),
		create("name too long", `{"name":"`+strings.Repeat("a", 257)+`","access":{"search":[{"names":["a"]}]}}`),
		create("name null", `{"name":null,"access":{"search":[{"names":["a"]}]}}`),
		create("metadata reserved", `{"name":"k","metadata":{"_x":1},"access":{"search":[{"names":["a"]}]}}`),
		create("metadata text", `{"name":"k","metadata":"x","access":{"search":[{"names":["a"]}]}}`),
		create("expiration without unit", `{"name":"k","expiration":"5","access":{"search":[{"names":["a"]}]}}`),
		create("expiration nonsense", `{"name":"k","expiration":"soon","access":{"search":[{"names":["a"]}]}}`),
		create("expiration 0s", `{"name":"k0","expiration":"0s","access":{"search":[{"names":["a"]}]}}`),
		create("expiration -1", `{"name":"k1","expiration":"-1","access":{"search":[{"names":["a"]}]}}`),
		access("null", `null`),
		access("text", `"x"`),
		access("list", `[]`),
		access("empty", `{}`),
		access("empty search", `{"search":[]}`),
		access("unknown", `{"nothing":[]}`),
		access("search null", `{"search":null}`),
		access("search text", `{"search":"x"}`),
		access("search object", `{"search":{"names":["a"]}}`),
		access("entry text", `{"search":["x"]}`),
		access("entry empty", `{"search":[{}]}`),
		access("names text", `{"search":[{"names":"a"}]}`),
		access("names empty", `{"search":[{"names":[]}]}`),
		access("names null", `{"search":[{"names":null}]}`),
		access("names number", `{"search":[{"names":1}]}`),
		access("names blank", `{"search":[{"names":[""]}]}`),
		access("names odd regex", `{"search":[{"names":["/(/"]}]}`),
		access("privileges", `{"search":[{"names":["a"],"privileges":["read"]}]}`),
		access("unknown in entry", `{"search":[{"names":["a"],"nothing":1}]}`),
		access("restricted", `{"search":[{"names":["a"],"allow_restricted_indices":"x"}]}`),
		access("replication with query", `{"replication":[{"names":["a"],"query":{"match_all":{}}}]}`),
		access("replication with fields", `{"replication":[{"names":["a"],"field_security":{"grant":["a"]}}]}`),
		access("both with query", `{"search":[{"names":["a"],"query":{"match_all":{}}}],"replication":[{"names":["a"]}]}`),
		access("search with query", `{"search":[{"names":["a"],"query":{"match_all":{}},"field_security":{"grant":["a"]}}]}`),
		as("keymaker", create("as keymaker", keyBody)),
		as("monitor", create("as monitor", keyBody)),
		as("key $REST", create("as key", keyBody)),
		keep("FULL_ID=.id FULL=.encoded FULL_SECRET=.api_key", create("with all", `{"name":"full","expiration":"30d","metadata":{"by":"us","n":{"a":[1]}},"access":{"search":[{"names":["metrics-*"],"allow_restricted_indices":false}],"replication":[{"names":["billing-*"]}]}}`)),
		{name: "key: get with all", on: remote, call: "GET /_security/api_key?id=$FULL_ID"},
		keep("QUERY_ID=.id QUERY=.encoded QUERY_SECRET=.api_key", create("with query", `{"name":"query","access":{"search":[{"names":["metrics-*"],"query":{"term":{"a":1}},"field_security":{"grant":["a"]}}]}}`)),
		{name: "key: get with query", on: remote, call: "GET /_security/api_key?id=$QUERY_ID"},
		keep("COPY_ID=.id COPY=.encoded COPY_SECRET=.api_key", create("replication", `{"name":"copy","access":{"replication":[{"names":["billing-*"]}]}}`)),
		{name: "key: get replication", on: remote, call: "GET /_security/api_key?id=$COPY_ID"},
		{name: "key: get bad method", on: remote, call: "PATCH /_security/api_key"},
	}
}

// updateSteps change keys, and use those for the REST port.
func updateSteps() []step {
	return []step{
		update("same", "$FULL_ID", `{"access":{"search":[{"names":["metrics-*"]}],"replication":[{"names":["billing-*"]}]}}`),
		update("access", "$FULL_ID", `{"access":{"search":[{"names":["metrics-1"]}]}}`),
		update("again", "$FULL_ID", `{"access":{"search":[{"names":["metrics-1"]}]}}`),
		update("metadata", "$FULL_ID", `{"metadata":{"by":"them"}}`),
		update("metadata same", "$FULL_ID", `{"metadata":{"by":"them"}}`),
		{name: "update: get", on: remote, call: "GET /_security/api_key?id=$FULL_ID"},
		update("expiration alone", "$FULL_ID", `{"expiration":"60d"}`),
		update("expiration and access", "$FULL_ID", `{"expiration":"60d","access":{"search":[{"names":["metrics-1"]}]}}`),
		update("expiration gone", "$FULL_ID", `{"access":{"search":[{"names":["metrics-1"]}]}}`),
		update("nothing", "$FULL_ID", `{}`),
		update("no body", "$FULL_ID", ``),
		update("name", "$FULL_ID", `{"name":"x"}`),
		update("empty access", "$FULL_ID", `{"access":{}}`),
		update("access null", "$FULL_ID", `{"access":null}`),
		update("unknown key", "nothing", `{"access":{"search":[{"names":["a"]}]}}`),
		update("rest key", "$REST_ID", `{"access":{"search":[{"names":["a"]}]}}`),
		as("security", update("another's", "$FULL_ID", `{"access":{"search":[{"names":["a"]}]}}`)),
		as("keymaker", update("as keymaker", "$FULL_ID", `{"access":{"search":[{"names":["a"]}]}}`)),
		as("key $REST", update("as key", "$FULL_ID", `{"access":{"search":[{"names":["a"]}]}}`)),
		{name: "rest key: derived", on: remote, as: "key $REST", call: "POST /_security/api_key", body: `{"name":"derived"}`},
		{name: "rest key: no name", on: remote, call: "POST /_security/api_key", body: `{}`},
		{name: "rest key: with roles", on: remote, call: "POST /_security/api_key", body: `{"name":"narrow","role_descriptors":{"r":{"cluster":["monitor"]}}}`, keep: "NARROW_ID=.id NARROW=.encoded NARROW_SECRET=.api_key"},
		{name: "rest key: narrow denied", on: remote, as: "key $NARROW", call: "GET /_security/role/monitor"},
		{name: "rest key: get", on: remote, call: "GET /_security/api_key?id=$NARROW_ID"},
		{name: "rest key: cross-cluster key", on: remote, as: "key $FULL", call: "GET /_remote/info"},
		{name: "rest key: unknown", on: remote, as: "key bm90aGluZzpub3RoaW5n", call: "GET /_remote/info"},
		{name: "rest key: malformed", on: remote, as: "key !!", call: "GET /_remote/info"},
		{name: "rest key: without a colon", on: remote, as: "key bm90aGluZw==", call: "GET /_remote/info"},
	}
}

// invalidationSteps end keys in every way that keys end.
func invalidationSteps() []step {
	return []step{
		invalidate("no body", ""),
		invalidate("nothing", `{}`),
		invalidate("unknown field", `{"nothing":1}`),
		invalidate("unknown id", `{"ids":["nothing"]}`),
		invalidate("unknown ids", `{"ids":["nothing","none"]}`),
		invalidate("empty ids", `{"ids":[]}`),
		invalidate("blank id", `{"ids":[""]}`),
		invalidate("id text", `{"ids":"x"}`),
		invalidate("both", `{"ids":["a"],"name":"b"}`),
		as("keymaker", invalidate("as keymaker", `{"ids":["$FULL_ID"]}`)),
		as("own", invalidate("as own", `{"ids":["$FULL_ID"]}`)),
		as("own", invalidate("owner as own", `{"ids":["$FULL_ID"],"owner":true}`)),
		as("monitor", invalidate("as monitor", `{"ids":["$FULL_ID"]}`)),
		invalidate("one", `{"ids":["$FULL_ID"]}`),
		invalidate("again", `{"ids":["$FULL_ID"]}`),
		invalidate("by name", `{"name":"query"}`),
		invalidate("by name again", `{"name":"query"}`),
		invalidate("unknown name", `{"name":"nothing"}`),
		{name: "invalidate: get", on: remote, call: "GET /_security/api_key?id=$FULL_ID"},
		{name: "invalidate: get active", on: remote, call: "GET /_security/api_key?id=$FULL_ID&active_only=true"},
		update("invalidated", "$FULL_ID", `{"access":{"search":[{"names":["a"]}]}}`),
		{name: "invalidate: rest", on: remote, call: "DELETE /_security/api_key", body: `{"ids":["$NARROW_ID"]}`},
		{name: "invalidate: call with it", on: remote, as: "key $NARROW", call: "GET /_remote/info"},
		keep("GONE_ID=.id GONE=.encoded GONE_SECRET=.api_key", create("that expires", `{"name":"gone","expiration":"1ms","access":{"search":[{"names":["metrics-*"]}]}}`)),
		{do: func(*pair) { time.Sleep(5 * time.Millisecond) }},
		update("expired", "$GONE_ID", `{"access":{"search":[{"names":["a"]}]}}`),
		{name: "expired: get active", on: remote, call: "GET /_security/api_key?id=$GONE_ID&active_only=true"},
		{name: "expired: rest", on: remote, call: "POST /_security/api_key", body: `{"name":"gone","expiration":"1ms"}`, keep: "GONEREST_ID=.id GONEREST=.encoded"},
		{do: func(*pair) { time.Sleep(5 * time.Millisecond) }},
		{name: "expired: call with it", on: remote, as: "key $GONEREST", call: "GET /_remote/info"},
		{do: func(p *pair) { p.vars["WRONG_REST"] = encoded(p.vars["REST_ID"], "AAAAAAAAAAAAAAAAAAAAAA") }},
		{name: "wrong secret: call with it", on: remote, as: "key $WRONG_REST", call: "GET /_remote/info"},
		keep("ENDED_ID=.id ENDED=.encoded ENDED_SECRET=.api_key", create("to be invalidated", `{"name":"ended","access":{"search":[{"names":["metrics-*"]}]}}`)),
		invalidate("to be invalidated", `{"ids":["$ENDED_ID"]}`),
	}
}
