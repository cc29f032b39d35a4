package contract

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/realcluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/pki"
)

// side is one cluster of a pair.
type side string

const (
	local  side = "local"
	remote side = "remote"
)

// The host names of the pair. The remote cluster is reached under two, and its certificate names the first.
const (
	remoteHost = "remote.ece.example"
	otherHost  = "other.example"
)

// pair is a local and a remote cluster, real or simulated, and what is done to them beside their API.
type pair struct {
	url       map[side]string
	vars      map[string]string // what steps keep for later ones, by name
	setSecret func(on side, name string, value *string)
	setUser   func(on side, name string, roles ...string)
	license   func(on side, kind string)
	document  func(on side, index string)
	trust     func(bool) // whether the local cluster trusts the authority of the remote cluster server
}

// fill puts what was kept into a text.
func (p *pair) fill(text string) string {
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(p.vars))) { // the longer of two that begin alike first
		text = strings.ReplaceAll(text, "$"+name, p.vars[name])
	}
	return text
}

// mask takes out of an answer what was kept, and what else no two runs share.
func (p *pair) mask(text string) string {
	names := slices.SortedFunc(maps.Keys(p.vars), func(a, b string) int { return len(p.vars[b]) - len(p.vars[a]) })
	for _, name := range names {
		text = strings.ReplaceAll(text, p.vars[name], "$"+name)
	}
	for _, u := range unmasked {
		text = u.is.ReplaceAllString(text, u.mask)
	}
	return text
}

// call makes a request: as a user, all of whom have the same password, or "key $NAME", or nobody. "NAME for OTHER" acts as
// another user.
func (p *pair) call(t *testing.T, on side, as, method, path, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.url[on]+p.fill(path), strings.NewReader(p.fill(body)))
	must(t, err)
	as, other, _ := strings.Cut(as, " for ")
	if other != "" {
		req.Header.Set("es-security-runas-user", other)
	}
	if key, ok := strings.CutPrefix(as, "key "); ok {
		req.Header.Set("Authorization", "ApiKey "+p.fill(key))
	} else if as != nobody {
		req.SetBasicAuth(as, password)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	must(t, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp, string(raw)
}

// untilWithin is how long a step may wait for what it waits for, on a machine that does much else.
const untilWithin = time.Minute

// take does a step.
func (p *pair) take(t *testing.T, s step) answer {
	t.Helper()
	if s.do != nil {
		s.do(p)
		return answer{}
	}
	method, path, _ := strings.Cut(s.call, " ")
	resp, body := p.call(t, s.on, s.as, method, path, s.body) //nolint:bodyclose // call has closed it
	for deadline := time.Now().Add(untilWithin); !strings.Contains(body, s.until) && time.Now().Before(deadline); {
		time.Sleep(100 * time.Millisecond)
		resp, body = p.call(t, s.on, s.as, method, path, s.body) //nolint:bodyclose // call has closed it
	}
	for k := range strings.FieldsSeq(s.keep) {
		name, at, _ := strings.Cut(k, "=")
		if p.vars[name] = strings.Trim(flat(body)[at], `"`); p.vars[name] == "" {
			t.Fatalf("%s: nothing to keep as %s in %s", s.name, name, body)
		}
	}
	h := resp.Header
	return answer{resp.StatusCode, h.Get("X-Elastic-Product"), h.Get("Content-Type"), h.Get("WWW-Authenticate") != "", p.mask(body)}
}

func encoded(id, secret string) string {
	return base64.StdEncoding.EncodeToString([]byte(id + ":" + secret))
}

func newPair() *pair {
	return &pair{url: map[side]string{}, vars: map[string]string{"REMOTE": remoteHost}}
}

// nodeName is in the certificate that the local cluster signs with, as on Elastic's platforms.
const nodeName = "instance-0000000000.node.0123456789abcdef0123456789abcdef.cluster.local"

// realPair starts two clusters with a basic license, whose transport ports do not trust each other.
func realPair(t *testing.T, version string) *pair {
	t.Helper()
	dist, err := realcluster.Fetch(t.Context(), version, os.Stderr)
	must(t, err)
	proxies, nodes, strangers := authority(t, "proxies"), authority(t, "nodes"), authority(t, "strangers")
	server, err := proxies.Issue(pki.Subject{CommonName: remoteHost, DNS: []string{remoteHost}})
	must(t, err)
	node, err := nodes.Issue(pki.Subject{CommonName: nodeName, Node: nodeName + ".account"})
	must(t, err)
	p, clusters := newPair(), map[side]*realcluster.Cluster{}
	for on, spec := range map[side]realcluster.Spec{
		local:  {ServerCAs: []string{proxies.PEM}},
		remote: {Server: server, Files: map[string]string{"internal_tls_ca.crt": nodes.PEM}},
	} {
		spec.Name, spec.Password, spec.License = string(on), password, "basic"
		spec.Transport, spec.Trust = node, realcluster.Trust{CAs: []string{nodes.PEM}}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		c, err := dist.Start(ctx, spec)
		must(t, err)
		t.Cleanup(func() { must(t, c.Stop()) })
		clusters[on], p.url[on] = c, c.URL(0)
	}
	addr := clusters[remote].Address(0)
	must(t, clusters[local].SetHosts(map[string]string{remoteHost: addr, otherHost: addr}))
	p.setSecret = func(on side, name string, value *string) { must(t, clusters[on].SetSecret(t.Context(), name, value)) }
	p.setUser = func(on side, name string, roles ...string) {
		body, err := json.Marshal(map[string]any{"password": password, "roles": roles})
		must(t, err)
		p.wants(t, on, "PUT /_security/user/"+name, string(body))
	}
	p.license = func(on side, kind string) { p.wants(t, on, "POST /_license/start_"+kind+"?acknowledge=true", "") }
	p.document = func(on side, index string) { p.wants(t, on, "PUT /"+index+"/_doc/1?refresh=true", `{"a":1}`) }
	p.trust = func(yes bool) {
		ca := proxies
		if !yes {
			ca = strangers
		}
		must(t, clusters[local].WriteFile("server-ca.crt", ca.PEM))
		for sockets := 2; ; sockets = 5 - sockets { // a new connection each time, until the nodes have read the file
			p.wants(t, local, "PUT /_cluster/settings", fmt.Sprintf(`{"persistent":{"cluster.remote.m.proxy_socket_connections":%d}}`, sockets))
			p.wants(t, local, "PUT /_cluster/settings", `{"persistent":{"cluster.remote.m.skip_unavailable":true}}`)
			p.wants(t, local, "PUT /_cluster/settings", `{"persistent":{"cluster.remote.m.skip_unavailable":false}}`)
			if resp, said := p.call(t, local, superuser, http.MethodPost, "/m:metrics-*/_search", ""); strings.Contains(said, "PKIX") != yes && (resp.StatusCode == http.StatusOK) == yes { //nolint:bodyclose // call has closed it
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	return p
}

func authority(t *testing.T, name string) *pki.Authority {
	t.Helper()
	ca, err := pki.New(name, time.Now())
	must(t, err)
	return ca
}

// expects makes a call that has to go well.
func (p *pair) wants(t *testing.T, on side, call, body string) {
	t.Helper()
	method, path, _ := strings.Cut(call, " ")
	if resp, said := p.call(t, on, superuser, method, path, body); resp.StatusCode > http.StatusCreated { //nolint:bodyclose // call has closed it
		t.Fatalf("%s: %s %s", call, resp.Status, said)
	}
}

// standInPair is a simulated one.
func standInPair(t *testing.T, version string) *pair {
	t.Helper()
	p, n, clusters := newPair(), cluster.New(cluster.Options{Now: time.Now}), map[side]*cluster.Cluster{}
	add := func(name, host, proxies string) *cluster.Cluster {
		c, err := n.Add(cluster.Spec{
			Name: name, ID: "0123456789abcdef0123456789abcdef", Host: host, Version: version, Scope: name, CA: "nodes", ProxyCA: proxies,
			License: cluster.License{Type: "basic", Status: "active"}, Authorities: map[string]string{"internal_tls_ca.crt": "nodes"},
			Users: []cluster.User{{Name: superuser, Password: password, Roles: []string{"superuser"}}},
		})
		must(t, err)
		return c
	}
	clusters[local], clusters[remote] = add("local", "local.ece.example", "others"), add("remote", remoteHost, "proxies")
	add("other", otherHost, "proxies").SetCertificateName(remoteHost)
	for on, c := range clusters {
		s := httptest.NewServer(c.Handler())
		t.Cleanup(s.Close)
		p.url[on] = s.URL
	}
	p.setSecret = func(on side, name string, value *string) { clusters[on].PatchKeystore(map[string]*string{name: value}) }
	p.setUser = func(on side, name string, roles ...string) {
		clusters[on].SetUser(cluster.User{Name: name, Password: password, Roles: roles})
	}
	p.license = func(on side, kind string) { clusters[on].SetLicense(cluster.License{Type: kind, Status: "active"}) }
	p.document = func(on side, index string) { clusters[on].PutDocument(index, json.RawMessage(`{"a":1}`)) }
	p.trust = func(yes bool) {
		var all []cluster.Trust
		if yes {
			all = []cluster.Trust{{Proxies: true, Certificates: []string{"proxies"}}}
		}
		clusters[local].SetTrustIn(0, all)
	}
	p.trust(true)
	return p
}
