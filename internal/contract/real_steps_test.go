package contract

import "slices"

// Who calls.
const (
	superuser = "elastic"
	nobody    = "-"
)

// step is one call to both pairs, or something that is done to them.
type step struct {
	name  string
	on    side   // local if empty
	as    string // superuser if empty
	call  string // method and path; $NAME is what a step before has kept
	body  string
	keep  string // NAME=.path …: what later steps use
	until string // again and again until the answer holds this
	on9   bool   // version 9 alone
	do    func(*pair)
}

// steps are all that is compared. The order matters: what a step leaves is what the next one finds.
func steps() []step {
	all := slices.Concat(
		basicLicense(), roleSteps(), privilegeSteps(), keySteps(), updateSteps(), invalidationSteps(), settingSteps(), connectionSteps(), skipSteps(),
		changedKeySteps(), firstKeySteps(), unreachedSteps(), identitySteps(), licenseSteps(),
	)
	for i := range all {
		if all[i].on == "" {
			all[i].on = local
		}
		if all[i].as == "" {
			all[i].as = superuser
		}
	}
	return all
}

// storeSecret stores an entry in a keystore, or removes it (empty).
func storeSecret(on side, entry, value string) step {
	return step{do: func(p *pair) {
		if value == "" {
			p.setSecret(on, entry, nil)
			return
		}
		p.setSecret(on, entry, new(p.fill(value)))
	}}
}

func license(on side, kind string) step { return step{do: func(p *pair) { p.license(on, kind) }} }

func user(on side, name string, roles ...string) step {
	return step{do: func(p *pair) { p.setUser(on, name, roles...) }}
}

func document(on side, index string) step { return step{do: func(p *pair) { p.document(on, index) }} }

// put changes settings of the local cluster.
func put(name, persistent string) step {
	return step{name: name, call: "PUT /_cluster/settings?flat_settings=true", body: `{"persistent":` + persistent + `}`}
}

const credentials = "cluster.remote.m.credentials"

func reload(when string) step {
	return step{name: "reload: " + when, call: "POST /_nodes/reload_secure_settings"}
}

// stands asks all that a connection tells.
func stands(when string) []step {
	return []step{
		{name: when + ": resolve", call: "GET /_resolve/cluster/m:metrics-*?ignore_unavailable=true"},
		{name: when + ": resolve again", call: "GET /_resolve/cluster/m:metrics-*?ignore_unavailable=true"},
		{name: when + ": info", call: "GET /_remote/info"},
		{name: when + ": search", call: "POST /m:metrics-*/_search?size=0"},
	}
}

// linked makes the connection m from nothing, and waits until it stands, or for nothing.
func linked(when, until string) []step {
	return []step{
		put(when+": cleared", `{"cluster.remote.m.*":null}`),
		put(when+": set", `{"cluster.remote.m.mode":"proxy","cluster.remote.m.proxy_address":"$REMOTE:9443","cluster.remote.m.server_name":"$REMOTE",`+
			`"cluster.remote.m.skip_unavailable":"false","cluster.remote.m.proxy_socket_connections":3}`),
		{name: when + ": info at first", call: "GET /_remote/info", until: until},
	}
}

// allSockets is in the info of a connection that stands.
const allSockets = `"num_proxy_sockets_connected":3`

// hides makes skip_unavailable false in effect, which Elasticsearch 8 forgets when it opens a connection anew.
func hides(when string) []step {
	return []step{
		put(when+": skip", `{"cluster.remote.m.skip_unavailable":"true"}`), put(when+": no skip", `{"cluster.remote.m.skip_unavailable":"false"}`),
	}
}

func as(who string, s step) step { s.as = who; return s }

func keep(what string, s step) step { s.keep = what; return s }
