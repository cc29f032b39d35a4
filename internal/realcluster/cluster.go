package realcluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/pki"
)

// The ports of every node, at an address of its own: those that the clusters of Elastic's platforms have for each other.
const (
	PortHTTP          = 9200
	PortTransport     = 9400 // TLS certificate model
	PortRemoteCluster = 9443 // API key model
)

// Spec says what a new cluster is. Without Server it has no remote cluster server.
type Spec struct {
	Name     string
	Nodes    int    // 1 if 0
	License  string // trial (the default) or basic
	Password string // of the superuser elastic

	Server    pki.Pair // at PortRemoteCluster
	ServerCAs []string // PEM: whom it takes for remote cluster servers

	Transport pki.Pair // at PortTransport; without one transport has no TLS, and there is no certificate model
	Trust     Trust

	Files    map[string]string // more files in the directory config, by relative path
	Settings map[string]any    // more of elasticsearch.yml
	Hosts    map[string]string // host names that the nodes know: address by name
}

// Trust is whom the transport port trusts: nodes whose certificates are of one of the authorities and carry a name that
// fits a pattern such as *.node.<cluster id>.cluster.<scope>.account. No patterns: any name.
type Trust struct {
	CAs   []string // PEM
	Names []string
}

// Cluster is a running cluster.
type Cluster struct {
	Version string

	spec  Spec
	nodes []*node
	http  *http.Client
}

// Start starts a cluster and returns once it answers, or when ctx ends. Stop it.
func (d *Distribution) Start(ctx context.Context, s Spec) (*Cluster, error) {
	if s.License == "" {
		s.License = "trial"
	}
	c := &Cluster{Version: d.Version, spec: s, http: &http.Client{Transport: &http.Transport{}}}
	for range max(s.Nodes, 1) {
		n := &node{dist: d}
		var err error
		if n.addr, err = freeAddress(ctx); err == nil {
			n.dir, err = os.MkdirTemp("", "realcluster-")
		}
		if err != nil {
			return nil, errors.Join(err, c.Stop())
		}
		c.nodes = append(c.nodes, n)
	}
	err := c.each(func(i int, n *node) error {
		if err := c.prepare(i, n); err != nil {
			return err
		}
		if err := n.launch(); err != nil {
			return err
		}
		if err := n.command(ctx, "keystore bootstrap.password "+s.Password); err != nil {
			return err
		}
		return n.command(ctx, "start")
	})
	if err == nil {
		err = c.ready(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", s.Name, err), c.Stop())
	}
	return c, nil
}

// freeAddress is a loopback address at which nobody listens at one of the ports. macOS has only 127.0.0.1 unless others
// are added to lo0.
func freeAddress(ctx context.Context) (string, error) {
	var err error
	for range 20 {
		addr := fmt.Sprintf("127.%d.%d.%d", 64+rand.IntN(64), rand.IntN(256), 1+rand.IntN(254)) //nolint:gosec // not a secret
		var l net.Listener
		if l, err = new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("%s:%d", addr, PortRemoteCluster)); err == nil {
			return addr, l.Close()
		}
	}
	return "", fmt.Errorf("finding a loopback address: %w", err)
}

// each does something on all nodes at once.
func (c *Cluster) each(do func(int, *node) error) error {
	errs := make([]error, len(c.nodes))
	var all sync.WaitGroup
	for i, n := range c.nodes {
		all.Go(func() { errs[i] = do(i, n) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// prepare writes what a node reads when it starts.
func (c *Cluster) prepare(i int, n *node) error {
	s := c.spec
	log, err := sources.ReadFile("java/log4j2.properties")
	if err != nil {
		return err
	}
	settings, err := json.MarshalIndent(c.settings(i), "", "  ") // JSON is YAML
	if err != nil {
		return err
	}
	files := map[string]string{
		"hosts": hostsFile(s.Hosts), "config/log4j2.properties": string(log), "config/elasticsearch.yml": string(settings), "tmp/.keep": "",
		"config/server.crt": s.Server.Certificate, "config/server.key": s.Server.Key, "config/server-ca.crt": joinPEM(s.ServerCAs),
		"config/node.crt": s.Transport.Certificate, "config/node.key": s.Transport.Key,
	}
	maps.Copy(files, s.Trust.files())
	for name, content := range s.Files {
		files["config/"+name] = content
	}
	for name, content := range files {
		if err := n.write(name, content); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) settings(i int) map[string]any {
	s, n := c.spec, c.nodes[i]
	out := map[string]any{
		"cluster.name": s.Name, "node.name": fmt.Sprintf("instance-%010d", i), "network.host": n.addr,
		"http.port": PortHTTP, "transport.port": PortTransport,
		"xpack.security.enabled": true, "xpack.license.self_generated.type": s.License,
		"resource.reload.interval.high":    "100ms", // how often files of certificates and trust are looked at; 5s by default
		"action.destructive_requires_name": false,
		// Nobody is to break these secrets, and to hash them as real ones takes seconds of each test.
		"xpack.security.authc.password_hashing.algorithm": "bcrypt4", "xpack.security.authc.api_key.hashing.algorithm": "bcrypt4",
		"cluster.routing.allocation.disk.threshold_enabled": false, "node.store.allow_mmap": false, "node.processors": 2,
	}
	if len(c.nodes) == 1 {
		out["discovery.type"] = "single-node"
	} else {
		var seeds []string
		for _, n := range c.nodes {
			seeds = append(seeds, fmt.Sprintf("%s:%d", n.addr, PortTransport))
		}
		out["discovery.seed_hosts"], out["cluster.initial_master_nodes"] = seeds, []string{"instance-0000000000"}
	}
	if s.Server.Certificate != "" {
		out["remote_cluster_server.enabled"], out["remote_cluster.port"] = true, PortRemoteCluster
		out["xpack.security.remote_cluster_server.ssl.certificate"] = "server.crt"
		out["xpack.security.remote_cluster_server.ssl.key"] = "server.key"
	}
	if len(s.ServerCAs) > 0 {
		out["xpack.security.remote_cluster_client.ssl.certificate_authorities"] = []string{"server-ca.crt"}
	}
	if ssl := "xpack.security.transport.ssl."; s.Transport.Certificate != "" {
		out[ssl+"enabled"], out[ssl+"verification_mode"], out[ssl+"client_authentication"] = true, "full", "required"
		if len(c.nodes) > 1 { // nodes of one cluster know each other by address, which no certificate names
			out[ssl+"verification_mode"] = "certificate"
		}
		out[ssl+"certificate"], out[ssl+"key"], out[ssl+"certificate_authorities"] = "node.crt", "node.key", []string{"trusted.crt"}
		if len(s.Trust.Names) > 0 {
			out[ssl+"trust_restrictions.path"] = "trust.yml"
		}
	}
	maps.Copy(out, s.Settings)
	return out
}

func (t Trust) files() map[string]string {
	raw, err := json.Marshal(t.Names)
	if err != nil {
		panic(err) // of texts
	}
	return map[string]string{"config/trusted.crt": joinPEM(t.CAs), "config/trust.yml": "trust.subject_name: " + string(raw) + "\n"}
}

func joinPEM(all []string) string { return strings.Join(all, "\n") + "\n" }

func hostsFile(hosts map[string]string) string {
	var b strings.Builder
	b.WriteString("127.0.0.1 localhost\n")
	for name, addr := range hosts {
		fmt.Fprintln(&b, addr, name)
	}
	return b.String()
}

// readyPause is between two looks whether a cluster answers.
const readyPause = 50 * time.Millisecond

// ready waits until every node answers the superuser, and all are in one cluster with its license: a node that starts
// refuses with 401 until the index .security is there, and allows everything until it has its license.
func (c *Cluster) ready(ctx context.Context) error {
	health := fmt.Sprintf("/_cluster/health?wait_for_status=yellow&timeout=30s&wait_for_nodes=%d", len(c.nodes))
	return c.each(func(_ int, n *node) error {
		return errors.Join(
			c.answers(ctx, n, health, ""),
			c.answers(ctx, n, "/_license?filter_path=license.type", fmt.Sprintf("%q", c.spec.License)),
		)
	})
}

// answers waits until a node answers a request well; the answer holds wanted.
func (c *Cluster) answers(ctx context.Context, n *node, path, wanted string) error {
	for {
		status, raw, err := c.request(ctx, n, http.MethodGet, path, "")
		switch {
		case err == nil && status == http.StatusOK && strings.Contains(string(raw), wanted):
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("GET %s of %s: %d %s (%w): %s", path, n.addr, status, raw, ctx.Err(), n.lastWords())
		}
		time.Sleep(readyPause)
	}
}

// Address is the loopback address of a node; the first is 0.
func (c *Cluster) Address(node int) string { return c.nodes[node].addr }

// Log is the end of a node's log.
func (c *Cluster) Log(node int) string { return c.nodes[node].lastWords() }

// Said are the last messages of a node's log: warnings, errors, and what became of its remote connections.
func (c *Cluster) Said(node int) string { return c.nodes[node].said() }

// URL is where a node answers over HTTP.
func (c *Cluster) URL(node int) string {
	return fmt.Sprintf("http://%s", net.JoinHostPort(c.nodes[node].addr, fmt.Sprint(PortHTTP)))
}

// Transport is a transport to the nodes; Stop closes its idle connections.
func (c *Cluster) Transport() http.RoundTripper { return c.http.Transport }

// Request sends a request to a node as the superuser; body is JSON, or empty.
func (c *Cluster) Request(ctx context.Context, node int, method, path, body string) (status int, answer []byte, err error) {
	return c.request(ctx, c.nodes[node], method, path, body)
}

func (c *Cluster) request(ctx context.Context, n *node, method, path, body string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, fmt.Sprintf("http://%s:%d%s", n.addr, PortHTTP, path), strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.SetBasicAuth("elastic", c.spec.Password)
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, raw, err
}

// SetSecret puts a secure setting into the keystore file of every node, or removes it (nil). The nodes have it once they
// are told to reload their secure settings, or restart.
func (c *Cluster) SetSecret(ctx context.Context, name string, value *string) error {
	return c.each(func(i int, _ *node) error { return c.SetNodeSecret(ctx, i, name, value) })
}

// SetNodeSecret is SetSecret for one node alone.
func (c *Cluster) SetNodeSecret(ctx context.Context, node int, name string, value *string) error {
	line := "keystore " + name
	if value != nil {
		line += " " + *value
	}
	if strings.ContainsAny(line, "\r\n") {
		return errors.New("a secure setting of several lines is not supported")
	}
	return c.nodes[node].command(ctx, line)
}

// ForgetSecrets removes secure settings from the keystore file of every node, with one write: each takes half a second of
// a core.
func (c *Cluster) ForgetSecrets(ctx context.Context, names ...string) error {
	return c.each(func(_ int, n *node) error { return n.command(ctx, "forget "+strings.Join(names, " ")) })
}

// PersistentSettings are those of the cluster, flat, with the filtered ones, which no answer shows.
func (c *Cluster) PersistentSettings(ctx context.Context) (map[string]any, error) {
	n := c.nodes[0]
	if err := n.command(ctx, "settings"); err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(n.path("settings.json"))
	if err != nil {
		return nil, err
	}
	all := map[string]any{}
	return all, json.Unmarshal(raw, &all)
}

// SetHosts replaces the host names that the nodes know. They look at each new connection.
func (c *Cluster) SetHosts(hosts map[string]string) error {
	return c.each(func(_ int, n *node) error { return n.write("hosts", hostsFile(hosts)) })
}

// SetTrust replaces whom the transport port trusts. The nodes see it within a second; connections that stand go on.
func (c *Cluster) SetTrust(t Trust) error {
	for name, content := range t.files() {
		if err := c.each(func(_ int, n *node) error { return n.write(name, content) }); err != nil {
			return err
		}
	}
	return nil
}

// WriteFile replaces a file in the directory config of every node.
func (c *Cluster) WriteFile(name, content string) error {
	return c.each(func(_ int, n *node) error { return n.write("config/"+name, content) })
}

// Restart stops a node and starts it again, with its data and its keystore. It returns once the cluster answers.
func (c *Cluster) Restart(ctx context.Context, node int) error {
	n := c.nodes[node]
	n.end("stop")
	if err := n.launch(); err != nil {
		return err
	}
	if err := n.command(ctx, "start"); err != nil {
		return err
	}
	return c.ready(ctx)
}

// Stop ends all nodes and removes what they wrote.
func (c *Cluster) Stop() error {
	c.http.CloseIdleConnections()
	return c.each(func(_ int, n *node) error { return n.remove() })
}
