package contract

import (
	"slices"
	"strings"
)

// basicLicense begins with what a license that does not cover the API key model allows, and ends with two trials.
func basicLicense() []step {
	return slices.Concat([]step{
		{name: "no credentials", as: nobody, call: "GET /_remote/info"},
		{name: "unknown user", as: "stranger", call: "GET /_remote/info"},
		{name: "root", call: "GET /"},
		{name: "no handler", call: "GET /_nothing/at/all"},
		{name: "wrong method", call: "DELETE /_remote/info"},
		{name: "unknown parameter", call: "GET /_remote/info?nothing=1"},
		{name: "basic: license", call: "GET /_license", until: "basic"},
		{name: "basic: license of the remote cluster", on: remote, call: "GET /_license", until: "basic"},
		{name: "basic: create", on: remote, call: "POST /_security/cross_cluster/api_key", body: keyBody},
		{name: "basic: list", on: remote, call: "GET /_security/api_key", until: "api_keys"},
		{name: "basic: rest key", on: remote, call: "POST /_security/api_key", body: `{"name":"rest"}`, keep: "REST_ID=.id REST=.encoded REST_KEY=.api_key"},
		{name: "basic: role", call: "PUT /_security/role/reader", body: readRole},
	},
		[]step{
			license(remote, "trial"),
			{name: "trial: license", on: remote, call: "GET /_license"},
			document(remote, "metrics-1"), document(remote, "metrics-2"), document(remote, "billing-1"), document(local, "logs-1"),
			{name: "key", on: remote, call: "POST /_security/cross_cluster/api_key", body: keyBody, keep: "KEY_ID=.id KEY=.encoded KEY_SECRET=.api_key"},
			storeSecret(local, credentials, "$KEY"),
			reload("local basic"),
		},
		linked("local basic", ""), stands("local basic"),
		[]step{
			license(local, "trial"), reload("trial"),
			{name: "trial: role", call: "PUT /_security/role/reader", body: readRole},
			{name: "trial: role again", call: "PUT /_security/role/reader", body: readRole},
			user(local, "reader", "reader"),
			{name: "monitor: role", on: remote, call: "PUT /_security/role/monitor", body: `{"cluster":["monitor"]}`},
			{name: "keymaker: role", on: remote, call: "PUT /_security/role/keymaker", body: `{"cluster":["manage_api_key"]}`},
			{name: "security: role", on: remote, call: "PUT /_security/role/security", body: `{"cluster":["manage_security"]}`},
			{name: "own: role", on: remote, call: "PUT /_security/role/own", body: `{"cluster":["manage_own_api_key"]}`},
			user(remote, "monitor", "monitor"), user(remote, "keymaker", "keymaker"), user(remote, "security", "security"), user(remote, "own", "own"),
		},
	)
}

const (
	keyBody  = `{"name":"k","access":{"search":[{"names":["metrics-*"]}]}}`
	readRole = `{"cluster":["monitor"],"indices":[{"names":["logs-*"],"privileges":["read"]}],"remote_indices":[{"clusters":["m"],"names":["metrics-*"],"privileges":["read","read_cross_cluster"]}],"metadata":{"by":"us"}}`
)

func roleSteps() []step {
	return []step{
		{name: "role: get", call: "GET /_security/role/reader"},
		{name: "role: get none", call: "GET /_security/role/nobody"},
		{name: "role: get two", call: "GET /_security/role/reader,nobody"},
		{name: "role: empty", call: "PUT /_security/role/empty", body: `{}`},
		{name: "role: get empty", call: "GET /_security/role/empty"},
		{name: "role: no body", call: "PUT /_security/role/empty"},
		{name: "role: not JSON", call: "PUT /_security/role/empty", body: `{"cluster":`},
		{name: "role: unknown field", call: "PUT /_security/role/empty", body: `{"nothing":1}`},
		{name: "role: cluster is text", call: "PUT /_security/role/empty", body: `{"cluster":"monitor"}`},
		{name: "role: get it", call: "GET /_security/role/empty"},
		{name: "role: unknown cluster privilege", call: "PUT /_security/role/bad", body: `{"cluster":["nothing"]}`},
		{name: "role: unknown index privilege", call: "PUT /_security/role/bad", body: `{"indices":[{"names":["a"],"privileges":["nothing"]}]}`},
		{name: "role: no names", call: "PUT /_security/role/bad", body: `{"indices":[{"privileges":["read"]}]}`},
		{name: "role: no privileges", call: "PUT /_security/role/bad", body: `{"indices":[{"names":["a"]}]}`},
		{name: "role: no clusters", call: "PUT /_security/role/bad", body: `{"remote_indices":[{"names":["a"],"privileges":["read"]}]}`},
		{name: "role: empty clusters", call: "PUT /_security/role/bad", body: `{"remote_indices":[{"clusters":[],"names":["a"],"privileges":["read"]}]}`},
		{name: "role: clusters blank", call: "PUT /_security/role/bad", body: `{"remote_indices":[{"clusters":[""],"names":["a"],"privileges":["read"]}]}`},
		{name: "role: unknown remote privilege", call: "PUT /_security/role/bad", body: `{"remote_cluster":[{"clusters":["m"],"privileges":["nothing"]}]}`},
		{name: "role: remote privilege", call: "PUT /_security/role/enrich", body: `{"remote_cluster":[{"clusters":["m"],"privileges":["monitor_enrich"]}]}`},
		{name: "role: get remote privilege", call: "GET /_security/role/enrich"},
		{name: "role: metadata", call: "PUT /_security/role/bad", body: `{"metadata":{"_x":1}}`},
		{name: "role: description", call: "PUT /_security/role/described", body: `{"cluster":["monitor"],"description":"for us"}`},
		{name: "role: get described", call: "GET /_security/role/described"},
		{name: "role: dls", call: "PUT /_security/role/dls", body: `{"remote_indices":[{"clusters":["m"],"names":["a"],"privileges":["read"],"query":{"match_all":{}},"field_security":{"grant":["a"]}}]}`},
		{name: "role: get dls", call: "GET /_security/role/dls"},
		{name: "role: reserved", call: "PUT /_security/role/superuser", body: `{}`},
		{name: "role: get reserved", call: "GET /_security/role/superuser"},
		{name: "role: delete reserved", call: "DELETE /_security/role/superuser"},
		{name: "role: delete", call: "DELETE /_security/role/described"},
		{name: "role: delete again", call: "DELETE /_security/role/described"},
		{name: "role: name too long", call: "PUT /_security/role/" + strings.Repeat("a", 1025), body: `{}`},
		{name: "role: name long", call: "PUT /_security/role/" + strings.Repeat("a", 1024), body: `{}`},
		{name: "role: delete long", call: "DELETE /_security/role/" + strings.Repeat("a", 1024)},
		{name: "role: name blank", call: "PUT /_security/role/%20a", body: `{}`},
		{name: "role: unauthorized", as: "reader", call: "PUT /_security/role/mine", body: `{}`},
		{name: "role: unauthorized get", as: "reader", call: "GET /_security/role/reader"},
	}
}

func privilegeSteps() []step {
	return []step{
		{name: "privileges: authenticate", call: "GET /_security/_authenticate"},
		{name: "privileges: authenticate reader", as: "reader", call: "GET /_security/_authenticate"},
		{name: "privileges: authenticate key", on: remote, as: "key $REST", call: "GET /_security/_authenticate"},
		{name: "privileges: has", as: "reader", call: "POST /_security/user/_has_privileges", body: `{"cluster":["monitor","manage"]}`},
		{name: "privileges: has of indices", as: "reader", call: "POST /_security/user/_has_privileges", body: `{"cluster":["monitor"],"index":[{"names":["logs-1"],"privileges":["read","write"]}]}`},
		{name: "privileges: superuser", call: "POST /_security/user/_has_privileges", body: `{"cluster":["all","manage_security","manage","monitor"]}`},
		{name: "privileges: empty", call: "POST /_security/user/_has_privileges", body: `{}`},
		{name: "privileges: empty list", call: "POST /_security/user/_has_privileges", body: `{"cluster":[]}`},
		{name: "privileges: no body", call: "POST /_security/user/_has_privileges"},
		{name: "privileges: unknown", call: "POST /_security/user/_has_privileges", body: `{"cluster":["nothing"]}`},
		{name: "privileges: settings as reader", as: "reader", call: "PUT /_cluster/settings", body: `{"persistent":{"cluster.remote.x.mode":"proxy"}}`},
		{name: "privileges: get settings as reader", as: "reader", call: "GET /_cluster/settings?flat_settings=true"},
		{name: "privileges: reload as reader", as: "reader", call: "POST /_nodes/reload_secure_settings"},
		{name: "privileges: license as reader", as: "reader", call: "GET /_license"},
		{name: "privileges: info as nobody's role", on: remote, as: "own", call: "GET /_remote/info"},
	}
}
