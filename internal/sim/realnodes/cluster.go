package realnodes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

// Cluster is a real cluster behind a deployment. What only the platform knows of it, its simulated counterpart does:
// ids, names, stored secrets, trust and filters. Filters are shown, and not enforced.
type Cluster struct {
	*cluster.Cluster // the counterpart
	*member

	place platform.Placement

	mu      sync.Mutex
	running bool
	behind  string // the entry of the keystore that is written on the first node alone
}

// Version is the version of the nodes.
func (c *Cluster) Version() cluster.Version { return c.Cluster.Version() }

// task does something on the nodes beside the platform's call, after what was ordered before.
func (c *Cluster) task(do func(context.Context) error) {
	before, done := c.line()
	c.tasks.Go(func() {
		defer close(done)
		if before != nil {
			<-before
		}
		if err := do(c.pool.ctx); err != nil && c.pool.ctx.Err() == nil {
			slog.ErrorContext(c.pool.ctx, "real nodes", "cluster", c.Name(), "error", err)
		}
	})
}

// Settled waits until what was ordered of the nodes so far has been done.
func (c *Cluster) Settled(ctx context.Context) error {
	c.member.mu.Lock()
	last := c.last
	c.member.mu.Unlock()
	if last == nil {
		return nil
	}
	select {
	case <-last:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Handler is the HTTP API as the cluster's own users reach it.
func (c *Cluster) Handler() http.Handler { return c.proxy(func(*http.Request) {}) }

// Internal is the HTTP API as the platform reaches it: as a superuser.
func (c *Cluster) Internal() http.Handler {
	return c.proxy(func(r *http.Request) { r.SetBasicAuth("elastic", c.Password("elastic")) })
}

func (c *Cluster) proxy(as func(*http.Request)) http.Handler {
	to, err := url.Parse(c.real.URL(0))
	if err != nil {
		panic(err) // an address of ours
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Header.Del("Accept-Encoding") // answers are observed as text
			as(r.Out)
		},
		Transport: c.real.Transport(),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write([]byte(cluster.NoInstances))
		},
	}
}

// SetBehind lets all nodes but the first miss what is written to that entry from now on; none if it is empty.
func (c *Cluster) SetBehind(entry string) {
	c.Cluster.SetBehind(entry)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.behind = entry
}

// write puts an entry into the keystore files.
func (c *Cluster) write(ctx context.Context, name string, value *string) error {
	c.secrets[name] = value
	c.mu.Lock()
	alone := name == c.behind
	c.mu.Unlock()
	if alone {
		return c.real.SetNodeSecret(ctx, 0, name, value)
	}
	return c.real.SetSecret(ctx, name, value)
}

// Retain makes the nodes hold an entry that their keystore does not have.
func (c *Cluster) Retain(entry, value string) error {
	if err := c.Cluster.Retain(entry, value); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.pool.ctx, joinWithin)
	defer cancel()
	return errors.Join(c.Settled(ctx), c.read(ctx, entry, &value), c.write(ctx, entry, nil))
}

// PatchKeystore edits the keystore file; a moment later the nodes read it.
func (c *Cluster) PatchKeystore(change map[string]*string) {
	c.Cluster.PatchKeystore(change)
	written := make(chan struct{})
	if c.place.ReadsWhenTold { // the one who made the edit goes on when it has ended
		defer func() { <-written }()
	}
	c.task(func(ctx context.Context) error {
		defer close(written)
		for name, v := range change {
			if err := c.write(ctx, name, v); err != nil {
				return err
			}
		}
		if c.place.ReadsWhenTold {
			return nil
		}
		select {
		case <-time.After(c.place.KeystoreDelay):
		case <-ctx.Done():
		}
		return c.call(ctx, http.MethodPost, "/_nodes/reload_secure_settings", nil, nil)
	})
}

// SetTrustIn brings a trust to the nodes. They read it at once, so that they have it when the plan ends.
func (c *Cluster) SetTrustIn(_ time.Duration, t []cluster.Trust) {
	c.Cluster.SetTrustIn(0, t)
	c.task(func(context.Context) error { return c.writeTrust() })
}

// AddTrust adds to whom the nodes trust.
func (c *Cluster) AddTrust(t cluster.Trust) {
	c.Cluster.AddTrust(t)
	c.task(func(context.Context) error { return c.writeTrust() })
}

// SetCA gives the nodes a certificate of another authority.
func (c *Cluster) SetCA(pem string) {
	c.Cluster.SetCA(pem)
	if err := c.writeNode(c.pool.ctx, time.Time{}); err != nil {
		slog.ErrorContext(c.pool.ctx, "real nodes", "cluster", c.Name(), "error", err)
	}
}

// SetLapsed gives the nodes a certificate that has ended, or a good one again.
func (c *Cluster) SetLapsed(lapsed bool) {
	c.Cluster.SetLapsed(lapsed)
	var ends time.Time
	if lapsed {
		ends = time.Now().AddDate(0, 0, -1) //nolint:forbidigo // Java looks at the system's clock
	}
	if err := c.writeNode(c.pool.ctx, ends); err != nil {
		slog.ErrorContext(c.pool.ctx, "real nodes", "cluster", c.Name(), "error", err)
	}
}

// PutAuthority puts a certificate authority on the nodes as a file.
func (c *Cluster) PutAuthority(path, pem string) {
	c.Cluster.PutAuthority(path, pem)
	if err := c.real.WriteFile(path, pem); err != nil { // at once: the settings that follow name it
		slog.ErrorContext(c.pool.ctx, "real nodes", "cluster", c.Name(), "error", err)
	}
}

// SetCertificateName makes the port for remote clusters present a certificate for another host.
func (c *Cluster) SetCertificateName(host string) {
	if host == "" {
		host = c.Host()
	}
	c.task(func(ctx context.Context) error { return c.writeServer(ctx, host) })
}

// SetUser adds a user, or changes one.
func (c *Cluster) SetUser(u cluster.User) {
	c.Cluster.SetUser(u)
	if err := c.putUser(c.pool.ctx, u); err != nil {
		slog.ErrorContext(c.pool.ctx, "real nodes", "cluster", c.Name(), "error", err)
	}
}

// RestartIn restarts the nodes; it takes as long as it takes.
func (c *Cluster) RestartIn(time.Duration) {
	c.setRunning(false)
	c.task(func(ctx context.Context) error {
		err := c.real.Restart(ctx, 0)
		c.setRunning(err == nil)
		return err
	})
}

func (c *Cluster) setRunning(now bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = now
}

// Running reports whether the nodes are up.
func (c *Cluster) Running() (running, healthy bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running, c.running
}

// ExpireKeys makes every cross-cluster API key expire that long from now: as its owner, since nobody else may update it.
func (c *Cluster) ExpireKeys(in time.Duration) int {
	n := 0
	for _, k := range c.validKeys(c.pool.ctx) {
		if k.Type != "cross_cluster" {
			continue
		}
		body := fmt.Appendf(nil, `{"expiration":"%dms","metadata":%s}`, max(in.Milliseconds(), 1), asJSON(k.Metadata))
		req, err := http.NewRequestWithContext(c.pool.ctx, http.MethodPut, c.real.URL(0)+"/_security/cross_cluster/api_key/"+k.ID, bytes.NewReader(body))
		if err != nil {
			continue
		}
		req.Header.Set("Content-Type", "application/json")
		req.SetBasicAuth(k.Username, c.Password(k.Username))
		resp, err := c.real.Transport().RoundTrip(req)
		if err != nil {
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			n++
		}
	}
	return n
}

func asJSON(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		return []byte("{}")
	}
	return raw
}

// State is how the cluster stands: what the nodes answer, with what only the platform knows.
func (c *Cluster) State() cluster.State {
	s := c.Cluster.State()
	s.Running, _ = c.Running()
	s.Loaded = nil // which entries nodes have read is not shown by 8.x
	s.Settings, s.Keys, s.Connected, s.RemoteInfo = map[string]map[string]any{}, []cluster.KeyState{}, map[string]cluster.Connection{}, map[string]any{}
	var settings map[string]map[string]any
	if c.call(c.pool.ctx, http.MethodGet, "/_cluster/settings?flat_settings=true", nil, &settings) == nil {
		s.Settings = settings
		if all, err := c.real.PersistentSettings(c.pool.ctx); err == nil {
			s.Settings["persistent"] = texts(all)
		}
	}
	for _, k := range c.keys(c.pool.ctx) {
		s.Keys = append(s.Keys, k.state())
	}
	if roles, err := c.ownRoles(c.pool.ctx); err == nil {
		s.RolesHold, s.Roles = roles, nil
		for name := range roles {
			s.Roles = append(s.Roles, name)
		}
		slices.Sort(s.Roles)
	}
	var info map[string]struct {
		Connected   bool   `json:"connected"`
		Credentials string `json:"cluster_credentials"`
	}
	if c.call(c.pool.ctx, http.MethodGet, "/_remote/info", nil, &info) == nil {
		for alias, i := range info {
			s.Connected[alias] = cluster.Connection{Connected: i.Connected, KeyModel: i.Credentials != "", KeyID: c.StoredKey(alias)}
		}
	}
	_ = c.call(c.pool.ctx, http.MethodGet, "/_remote/info", nil, &s.RemoteInfo)
	return s
}

// texts has lists of settings as the stand-in has them.
func texts(all map[string]any) map[string]any {
	for name, value := range all {
		if list, ok := value.([]any); ok {
			some := make([]string, len(list))
			for i, v := range list {
				some[i] = fmt.Sprint(v)
			}
			all[name] = some
		}
	}
	return all
}

func (k listedKey) state() cluster.KeyState {
	at := time.UnixMilli(k.Expiration)
	s := cluster.KeyState{
		ID: k.ID, Name: k.Name, Type: k.Type, Owner: k.Username, Created: time.UnixMilli(k.Creation), Metadata: k.Metadata, Identity: k.Identity,
		Search: []string{}, Replicas: []string{},
		Valid: !k.Invalidated && (k.Expiration == 0 || time.Until(at) > 0),
	}
	if k.Expiration != 0 {
		s.Expires = &at
	}
	for _, a := range k.Access.Search {
		s.Search = append(s.Search, a.Names...)
	}
	for _, a := range k.Access.Replication {
		s.Replicas = append(s.Replicas, a.Names...)
	}
	return s
}
