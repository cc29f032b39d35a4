package linktest

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// The texts are those of Elasticsearch 8.19.4, as measured.

func (d *Deployment) info(alias string) elastic.RemoteInfo {
	get := func(option string) string { return d.settings.get(alias, option) }
	sockets, err := strconv.Atoi(get("proxy_socket_connections"))
	if err != nil {
		sockets = 18
	}
	i := elastic.RemoteInfo{
		Mode: get("mode"), ProxyAddress: get("proxy_address"), ServerName: get("server_name"),
		MaxSockets: sockets, SkipUnavailable: d.skips(alias),
	}
	if _, ok := d.key(alias); ok {
		i.Credentials = "::es_redacted::"
	}
	if _, _, why := d.connect(alias); why == "" && !d.idle {
		i.Connected, i.Sockets = true, sockets
	}
	return i
}

// skips is what is in effect, which on 8.x need not be what is set.
func (d *Deployment) skips(alias string) bool {
	return d.reset[alias] || d.settings.get(alias, "skip_unavailable") != "false"
}

// rebuild does what a change of settings does to connections: on 8.x one that has another address, server name or number of
// sockets forgets that skip_unavailable is false, until that changes or the alias is set anew.
func (d *Deployment) rebuild(next settings) {
	if !strings.HasPrefix(d.about.Version, "8.") {
		return
	}
	for _, alias := range d.settings.aliases() {
		changed := func(option string) bool { return d.settings.get(alias, option) != next.get(alias, option) }
		switch {
		case changed("skip_unavailable"):
			delete(d.reset, alias)
		case changed("proxy_address"), changed("server_name"), changed("proxy_socket_connections"):
			if d.reset == nil {
				d.reset = map[string]bool{}
			}
			d.reset[alias] = true
		}
	}
}

// connect follows an alias to the remote deployment, with the key that opens it, or says why that fails.
func (d *Deployment) connect(alias string) (remote *Deployment, k *key, why string) {
	address := d.settings.get(alias, "proxy_address")
	failed := func(cause string) string {
		return "Unable to open any proxy connections to cluster [" + alias + "] at address [" + address + "]: [][" + address + "] " + cause
	}
	host, port, err := net.SplitHostPort(address)
	remote = d.w.at(host)
	if err == nil && remote == nil {
		return nil, nil, "unknown host [" + host + "]"
	}
	if err != nil || remote.about.Status == "stopped" || port != "9443" && port != "9400" {
		return nil, nil, failed("connect_exception: Connection refused: " + address)
	}
	if port == "9443" && !remote.admits(d.on) {
		return nil, nil, failed("connect_exception: connection timed out: " + address)
	}
	if name := d.settings.get(alias, "server_name"); name != host || remote.certified != "" && remote.certified != name {
		return nil, nil, failed("connect_exception: No subject alternative DNS name matching " + name + " found.")
	}
	stored, ok := d.key(alias)
	switch {
	case remote.breaks != "" && unanswered(remote.breaks):
		return nil, nil, failed(remote.breaks)
	case remote.breaks != "":
		return nil, nil, remote.breaks
	case ok && port == "9400": // TLS without the certificate of a client
		return nil, nil, failed("general node connection failure: handshake failed because connection reset")
	case !ok && port == "9443":
		return nil, nil, failed("general node connection failure: handshake failed because connection reset")
	case !ok && !d.trusting && !d.trusts(remote):
		return nil, nil, failed("connect_exception: PKIX path building failed: unable to find valid certification path to requested target")
	case !ok && !d.trusting && !remote.trusts(d):
		return nil, nil, failed("general node connection failure: handshake failed because connection reset")
	case !ok:
		return remote, &key{access: elastic.Access{Search: []string{"*"}}}, ""
	}
	for _, k := range remote.keys {
		if k.encoded.Equal(stored) && remote.active(k) {
			if why := d.sign(alias, remote, k); why != "" {
				return nil, nil, why
			}
			return remote, k, ""
		}
	}
	return nil, nil, "unable to authenticate user [key] for action [cluster:internal/remote_cluster/handshake]"
}

// ResetSkip makes the skip_unavailable of an alias true in effect, as a change of its address does on 8.x.
func (d *Deployment) ResetSkip(alias string) {
	d.locked(func() { d.reset = map[string]bool{alias: true} })
}

// mute reports whether _resolve/cluster keeps a reason to itself: it tells only what the remote cluster has answered.
func mute(why string) bool {
	return strings.HasPrefix(why, "Unable to open any proxy connections") || strings.HasPrefix(why, "unknown host")
}

// unanswered reports whether a failure is one of TLS, before the remote cluster has answered anything.
func unanswered(why string) bool {
	return slices.ContainsFunc([]string{"handshake failed", "PKIX", "Certificate for", "No subject", "connect_exception"}, func(part string) bool {
		return strings.HasPrefix(why, part)
	})
}

// Break makes every connection to the cluster fail in these words of Elasticsearch; "" takes it back.
func (d *Deployment) Break(words string) { d.locked(func() { d.breaks = words }) }

// Forget makes the nodes of the cluster forget what they have read of their keystore.
func (d *Deployment) Forget() { d.locked(func() { d.loaded = map[string]secret.Secret{} }) }

// Keep makes the nodes of the cluster hold a key that their keystore does not have.
func (d *Deployment) Keep(entry string) {
	d.locked(func() { d.loaded = maps.Clone(d.keystore); d.loaded[entry] = secret.New("stale") })
}

func (e elasticsearch) Resolve(ctx context.Context, alias string, patterns []string) (elastic.Resolved, error) {
	var r elastic.Resolved
	err := e.do(ctx, "Resolve", func() error {
		if e.d.noResolve {
			return elastic.ErrNoResolve
		}
		if !slices.Contains(e.d.settings.aliases(), alias) || e.d.raced[alias] == RaceLost {
			return nil // an alias that is not known is not in the answer
		}
		r = elastic.Resolved{Known: true, SkipUnavailable: e.d.skips(alias)}
		remote, k, why := e.d.connect(alias)
		if why != "" {
			if !mute(why) {
				r.Error = why
			}
			return nil
		}
		e.d.idle = false
		if r.Error = e.d.denied(alias, k, "indices:admin/resolve/cluster", patterns); r.Error != "" {
			return nil
		}
		r.Connected = true
		readable := func(index string) bool { return matchesAny(patterns, index) && matchesAny(k.access.Search, index) }
		if len(patterns) == 1 && !strings.Contains(patterns[0], "*") && !slices.ContainsFunc(remote.indices, readable) {
			r.Error = "no such index [" + patterns[0] + "]"
			return nil
		}
		r.Version = remote.about.Version
		matching := slices.ContainsFunc(remote.indices, readable)
		r.MatchingIndices = &matching
		return nil
	})
	return answer(r, err)
}

// denied is what the remote cluster says of a request that the key or the user does not cover; empty: nothing.
func (d *Deployment) denied(alias string, k *key, action string, patterns []string) string {
	granted := "this action is granted by the index privileges [view_index_metadata,manage,read,read_cross_cluster,all]"
	say := "action [" + action + "] towards remote cluster"
	user := " is unauthorized for user [u] with assigned roles [r]"
	byKey := user + " authenticated by API key id [" + k.ID + "] of user [bot]"
	switch {
	case d.powerless && k.ID != "":
		return say + " [" + alias + "]" + user + " because no remote indices privileges apply for the target cluster"
	case len(k.access.Search) == 0:
		return say + byKey + ", " + granted
	}
	for _, p := range patterns {
		if !strings.Contains(p, "*") && !matchesAny(k.access.Search, p) {
			return say + byKey + " on indices [" + p + "], " + granted
		}
	}
	return ""
}

func (e elasticsearch) ProbeSearch(ctx context.Context, alias string) (elastic.Searched, error) {
	var s elastic.Searched
	err := e.do(ctx, "ProbeSearch", func() error {
		if !slices.Contains(e.d.settings.aliases(), alias) || e.d.raced[alias] == RaceLost {
			return nil
		}
		s.Known = true
		_, k, why := e.d.connect(alias)
		switch {
		case why != "" && e.d.skips(alias):
			s.Error = "Unable to connect to [" + alias + "]"
		case why != "":
			s.Error = why
		default:
			e.d.idle = false
			s.Error = e.d.denied(alias, k, "indices:data/read/search", nil)
			s.Reached = s.Error == ""
		}
		return nil
	})
	return answer(s, err)
}

// WithoutResolve makes the cluster one without _resolve/cluster, as those before 8.13 are.
func (d *Deployment) WithoutResolve() { d.locked(func() { d.noResolve = true }) }

// admits reports whether the filters of a deployment let the clusters of a platform in.
func (d *Deployment) admits(from *Platform) bool {
	closing := slices.DeleteFunc(slices.Clone(d.rulesets), func(r elastic.Ruleset) bool { return r.Type == "egress_firewall" })
	if len(closing) == 0 || len(from.outgoing) == 0 {
		return true
	}
	return !slices.ContainsFunc(from.outgoing, func(address string) bool {
		return !slices.ContainsFunc(closing, func(r elastic.Ruleset) bool {
			return slices.ContainsFunc(r.Sources, func(source string) bool {
				p, err := netip.ParsePrefix(source)
				a, err2 := netip.ParseAddr(address)
				return source == address || err == nil && err2 == nil && p.Contains(a)
			})
		})
	})
}
