package realcluster_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/realcluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/pki"
)

// startWithin is how long nodes may take to start on a machine that does much else.
const startWithin = 5 * time.Minute

// fetch gets a version, where `make realtest` asks for real clusters.
func fetch(t *testing.T, version string) *realcluster.Distribution {
	t.Helper()
	if os.Getenv("REALTEST") != "run" {
		t.Skip("needs real clusters: make realtest")
	}
	d, err := realcluster.Fetch(t.Context(), version, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// pair is a local and a remote cluster whose nodes know each other's host names and authorities.
type pair struct{ local, remote *realcluster.Cluster }

// remoteHost is the name under which the local cluster reaches the remote one.
const remoteHost = "0123abcd.eu-west-1.aws.found.io"

func specs(t *testing.T) (local, remote realcluster.Spec) {
	t.Helper()
	ca := authority(t, "proxies")
	server, err := ca.Issue(pki.Subject{CommonName: "proxy", DNS: []string{"*.eu-west-1.aws.found.io"}})
	if err != nil {
		t.Fatal(err)
	}
	return realcluster.Spec{Name: "local", Password: "correct-horse", ServerCAs: []string{ca.PEM}},
		realcluster.Spec{Name: "remote", Password: "correct-horse", Server: server}
}

func authority(t *testing.T, name string) *pki.Authority {
	t.Helper()
	ca, err := pki.New(name, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func start(t *testing.T, d *realcluster.Distribution, s realcluster.Spec) *realcluster.Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startWithin)
	defer cancel()
	c, err := d.Start(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func startPair(t *testing.T, d *realcluster.Distribution, local, remote realcluster.Spec) pair {
	t.Helper()
	p := pair{local: start(t, d, local), remote: start(t, d, remote)}
	if err := p.local.SetHosts(map[string]string{remoteHost: p.remote.Address(0)}); err != nil {
		t.Fatal(err)
	}
	call(t, p.remote, 201, http.MethodPut, "/metrics-1/_doc/1?refresh=true", `{"a":1}`)
	return p
}

func call(t *testing.T, c *realcluster.Cluster, want int, method, path, body string) []byte {
	t.Helper()
	status, raw, err := c.Request(t.Context(), 0, method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	if status != want {
		t.Fatalf("%s %s: %d %s, want %d", method, path, status, raw, want)
	}
	return raw
}

// issue makes a cross-cluster key.
func issue(t *testing.T, c *realcluster.Cluster) string {
	t.Helper()
	var key struct {
		Encoded string `json:"encoded"`
	}
	raw := call(t, c, 200, http.MethodPost, "/_security/cross_cluster/api_key", `{"name":"k","access":{"search":[{"names":["metrics-*"]}]}}`)
	if err := json.Unmarshal(raw, &key); err != nil {
		t.Fatal(err)
	}
	return key.Encoded
}

func (p pair) connect(t *testing.T, port int) {
	t.Helper()
	call(t, p.local, 200, http.MethodPut, "/_cluster/settings", fmt.Sprintf(
		`{"persistent":{"cluster.remote.m":{"mode":"proxy","proxy_address":"%s:%d","server_name":"%[1]s","skip_unavailable":false}}}`, remoteHost, port))
}

// search looks through the alias until the answer is as wanted: files that changed are read a moment later.
func (p pair) search(t *testing.T, want int) string {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		status, raw, err := p.local.Request(t.Context(), 0, http.MethodPost, "/m:metrics-*/_search", "{}")
		if err == nil && status == want {
			return string(raw)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d %s %v, want %d", status, raw, err, want)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func setSecret(t *testing.T, c *realcluster.Cluster, key string) {
	t.Helper()
	if err := c.SetSecret(t.Context(), "cluster.remote.m.credentials", &key); err != nil {
		t.Fatal(err)
	}
	call(t, c, 200, http.MethodPost, "/_nodes/reload_secure_settings", "")
}

// What is read from a keystore that changes, by either major version, and when that goes wrong; and a node that starts anew
// has it all again.
func TestConnectsByKey(t *testing.T) {
	for _, version := range []string{realcluster.Version8, realcluster.Version9} {
		t.Run(version, func(t *testing.T) {
			d := fetch(t, version)
			local, remote := specs(t)
			p := startPair(t, d, local, remote)
			if about := string(call(t, p.local, 200, http.MethodGet, "/", "")); !strings.Contains(about, version) {
				t.Errorf("it is not %s: %s", version, about)
			}
			setSecret(t, p.local, issue(t, p.remote))
			p.connect(t, realcluster.PortRemoteCluster)
			p.search(t, 200)
			setSecret(t, p.local, "no key")
			if said := p.search(t, 401); !strings.Contains(said, "value must be a valid API key credential") {
				t.Errorf("a wrong key is refused for another reason: %s", said)
			}
			setSecret(t, p.local, issue(t, p.remote))
			p.search(t, 200)
			p.forgets(t)
			if err := p.local.Restart(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			p.search(t, 200)
		})
	}
}

func TestBasicLicenseHasNoCrossClusterKeys(t *testing.T) {
	d := fetch(t, realcluster.Version8)
	_, remote := specs(t)
	remote.License = "basic"
	said := call(t, start(t, d, remote), 403, http.MethodPost, "/_security/cross_cluster/api_key", `{"name":"k","access":{"search":[{"names":["*"]}]}}`)
	if !strings.Contains(string(said), "current license is non-compliant for [advanced-remote-cluster-security]") {
		t.Errorf("refused for another reason: %s", said)
	}
}

// A key that one of two nodes has read: a search through the other one does not know the connection as one by key.
func TestTwoNodesReadTheirOwnKeystores(t *testing.T) {
	d := fetch(t, realcluster.Version8)
	local, remote := specs(t)
	local.Nodes = 2
	p := startPair(t, d, local, remote)
	key := issue(t, p.remote)
	if err := p.local.SetNodeSecret(t.Context(), 0, "cluster.remote.m.credentials", &key); err != nil {
		t.Fatal(err)
	}
	call(t, p.local, 200, http.MethodPost, "/_nodes/reload_secure_settings", "")
	p.connect(t, realcluster.PortRemoteCluster)
	p.search(t, 200)
	for node := range 2 {
		_, info, err := p.local.Request(t.Context(), node, http.MethodGet, "/_remote/info", "")
		if has := strings.Contains(string(info), `"cluster_credentials"`); err != nil || !strings.Contains(string(info), `"proxy"`) || has != (node == 0) {
			t.Errorf("node %d: %s %v", node, info, err)
		}
	}
}

// The certificate model: nodes of two authorities, of which either trusts the other's nodes by their names.
func TestConnectsByCertificates(t *testing.T) {
	for _, version := range []string{realcluster.Version8, realcluster.Version9} {
		t.Run(version, func(t *testing.T) {
			d := fetch(t, version)
			local, remote := specs(t)
			here, there := authority(t, "here"), authority(t, "there")
			local.Transport, local.Trust = member(t, here, "localid", "")
			remote.Transport, remote.Trust = member(t, there, "remoteid", remoteHost)
			p := startPair(t, d, local, remote)
			p.connect(t, realcluster.PortTransport)
			if said := p.search(t, 500); !strings.Contains(said, "PKIX path building failed") {
				t.Errorf("distrusted for another reason: %s", said)
			}
			both := realcluster.Trust{CAs: []string{here.PEM, there.PEM}, Names: []string{nodeName("*", "localid"), nodeName("*", "remoteid")}}
			for _, c := range []*realcluster.Cluster{p.local, p.remote} {
				if err := c.SetTrust(both); err != nil {
					t.Fatal(err)
				}
			}
			p.search(t, 200)
		})
	}
}

func nodeName(node, cluster string) string {
	return node + ".node." + cluster + ".cluster.scope.account"
}

// member is what a node of a cluster has: its certificate, and trust in its own cluster.
func member(t *testing.T, ca *pki.Authority, id, host string) (pki.Pair, realcluster.Trust) {
	t.Helper()
	s := pki.Subject{CommonName: id, Node: nodeName("instance-0000000000", id)}
	if host != "" {
		s.DNS = []string{host}
	}
	crt, err := ca.Issue(s)
	if err != nil {
		t.Fatal(err)
	}
	return crt, realcluster.Trust{CAs: []string{ca.PEM}, Names: []string{nodeName("*", id)}}
}

// Anyone who started a node may be killed: nothing of it stays.
func TestEndsWithItsParent(t *testing.T) {
	d := fetch(t, realcluster.Version8)
	if os.Getenv("REALCLUSTER_PARENT") == "1" {
		_, remote := specs(t)
		start(t, d, remote)
		fmt.Println("STARTED")
		select {}
	}
	tmp := t.TempDir()
	parent := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestEndsWithItsParent$")
	parent.Env = append(os.Environ(), "REALCLUSTER_PARENT=1", "TMPDIR="+tmp)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	for scan := bufio.NewScanner(out); scan.Scan() && scan.Text() != "STARTED"; {
	}
	left := func() []string {
		all, err := filepath.Glob(filepath.Join(tmp, "realcluster-*"))
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if len(left()) == 0 {
		t.Fatal("no node started")
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	deadline := time.Now().Add(time.Minute)
	for len(left()) > 0 {
		if time.Now().After(deadline) {
			t.Fatalf("left: %v", left())
		}
		time.Sleep(50 * time.Millisecond)
	}
}
