package realnodes

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/realcluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/pki"
)

// call sends a request as the superuser and wants a good answer, read into into unless that is nil.
func (m *member) call(ctx context.Context, method, path string, body, into any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	status, raw, err := m.real.Request(ctx, 0, method, path, string(text))
	switch {
	case err != nil:
		return err
	case status >= http.StatusMultipleChoices:
		return fmt.Errorf("%s %s: %d %s", method, path, status, raw)
	case into != nil:
		return json.Unmarshal(raw, into)
	}
	return nil
}

// clear removes what the world before has left.
func (m *member) clear(ctx context.Context) error {
	var settings struct{ Persistent, Transient map[string]any }
	if err := m.call(ctx, http.MethodGet, "/_cluster/settings", nil, &settings); err != nil {
		return err
	}
	// Filtered settings are not shown, but a pattern finds them.
	none := map[string]any{"persistent": map[string]any{"*": nil}, "transient": map[string]any{"*": nil}}
	if err := m.call(ctx, http.MethodPut, "/_cluster/settings", none, nil); err != nil {
		return err
	}
	for name := range m.secrets {
		if err := m.real.SetSecret(ctx, name, nil); err != nil {
			return err
		}
	}
	clear(m.secrets)
	if err := m.call(ctx, http.MethodPost, "/_nodes/reload_secure_settings", nil, nil); err != nil {
		return err
	}
	for _, id := range m.validKeys(ctx) {
		if err := m.call(ctx, http.MethodDelete, "/_security/api_key", map[string]any{"ids": []string{id.ID}}, nil); err != nil {
			return err
		}
	}
	for name := range m.users {
		if err := m.call(ctx, http.MethodDelete, "/_security/user/"+name, nil, nil); err != nil {
			return err
		}
	}
	clear(m.users)
	roles, err := m.ownRoles(ctx)
	if err != nil {
		return err
	}
	for name := range roles {
		if err := m.call(ctx, http.MethodDelete, "/_security/role/"+url.PathEscape(name), nil, nil); err != nil {
			return err
		}
	}
	var indices []struct{ Index string }
	if err := m.call(ctx, http.MethodGet, "/_cat/indices?format=json&h=index", nil, &indices); err != nil {
		return err
	}
	for _, i := range indices {
		if err := m.call(ctx, http.MethodDelete, "/"+i.Index, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// listedKey is an API key as it is listed.
type listedKey struct {
	ID, Name, Type, Username string
	Creation, Expiration     int64
	Invalidated              bool
	Metadata                 map[string]any
	Access                   struct {
		Search      []struct{ Names []string }
		Replication []struct{ Names []string }
	}
	Identity string `json:"certificate_identity"`
}

func (m *member) keys(ctx context.Context) []listedKey {
	var all struct {
		Keys []listedKey `json:"api_keys"`
	}
	if err := m.call(ctx, http.MethodGet, "/_security/api_key", nil, &all); err != nil {
		return nil
	}
	return all.Keys
}

func (m *member) validKeys(ctx context.Context) []listedKey {
	return slices.DeleteFunc(m.keys(ctx), func(k listedKey) bool { return k.Invalidated })
}

// ownRoles are the roles that somebody has made.
func (m *member) ownRoles(ctx context.Context) (map[string]cluster.Role, error) {
	var all map[string]json.RawMessage
	if err := m.call(ctx, http.MethodGet, "/_security/role", nil, &all); err != nil {
		return nil, err
	}
	out := map[string]cluster.Role{}
	for name, raw := range all {
		var about struct {
			Metadata struct {
				Reserved bool `json:"_reserved"`
			}
		}
		var role cluster.Role
		if err := errors.Join(json.Unmarshal(raw, &about), json.Unmarshal(raw, &role)); err != nil {
			return nil, fmt.Errorf("the role %s: %w", name, err)
		}
		if !about.Metadata.Reserved {
			out[name] = role
		}
	}
	return out, nil
}

// equip gives the nodes their certificates, users, roles and documents.
func (c *Cluster) equip(ctx context.Context) error {
	for path, pem := range c.place.Authorities {
		if err := c.real.WriteFile(path, pem); err != nil {
			return err
		}
	}
	if err := errors.Join(c.writeTrust(), c.writeServer(ctx, c.Host()), c.writeNode(ctx)); err != nil {
		return err
	}
	s := c.place.Deployment
	for name, role := range s.Roles {
		if err := c.call(ctx, http.MethodPut, "/_security/role/"+name, withoutNulls(role), nil); err != nil {
			return err
		}
	}
	for _, u := range s.Users {
		if err := c.putUser(ctx, u); err != nil {
			return err
		}
	}
	for _, index := range slices.Sorted(maps.Keys(s.Indices)) {
		for i, doc := range s.Indices[index] {
			if err := c.call(ctx, http.MethodPut, fmt.Sprintf("/%s/_doc/%d?refresh=true", index, i+1), doc, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// withoutNulls is a JSON object without the fields that are null, which a role may not have.
func withoutNulls(v any) any {
	var fields map[string]any
	if err := json.Unmarshal(asJSON(v), &fields); err != nil {
		return v
	}
	for name, in := range fields {
		if list, ok := in.([]any); ok {
			for i := range list {
				if _, ok := list[i].(map[string]any); ok {
					list[i] = withoutNulls(list[i])
				}
			}
		} else if in == nil {
			delete(fields, name)
		}
	}
	return fields
}

func (c *Cluster) putUser(ctx context.Context, u cluster.User) error {
	if u.Name == "elastic" {
		return nil // the nodes have the same password for it from the start
	}
	c.users[u.Name] = true
	return c.call(ctx, http.MethodPut, "/_security/user/"+u.Name, map[string]any{"password": u.Password, "roles": u.Roles}, nil)
}

// writeTrust brings the trust of the platform's settings to the nodes.
func (c *Cluster) writeTrust() error {
	own := c.AsTrust()
	trust := realcluster.Trust{CAs: own.Certificates, Names: []string{"*.node." + c.ID() + ".cluster." + own.Scope}}
	servers := slices.Clone(c.place.ServerCAs)
	for _, t := range c.Cluster.State().Trust {
		if t.Proxies {
			servers = append(servers, t.Certificates...)
			continue
		}
		trust.CAs = append(trust.CAs, t.Certificates...)
		ids := t.Clusters
		if t.All {
			ids = []string{"*"}
		}
		for _, id := range ids {
			trust.Names = append(trust.Names, "*.node."+id+".cluster."+t.Scope)
		}
	}
	trust.CAs = compactPEM(trust.CAs)
	return errors.Join(c.real.SetTrust(trust), c.real.WriteFile("server-ca.crt", strings.Join(compactPEM(servers), "\n")+"\n"))
}

// compactPEM leaves each certificate once: Java takes no certificate twice.
func compactPEM(all []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(all), func(one string) bool {
		one = strings.TrimSpace(one)
		was := seen[one]
		seen[one] = true
		return was || one == ""
	})
}

func (c *Cluster) writeNode(ctx context.Context) error {
	pair, err := c.place.SignNode()
	if err != nil {
		return err
	}
	return c.install(ctx, "node", realcluster.PortTransport, pair)
}

func (c *Cluster) writeServer(ctx context.Context, host string) error {
	pair, err := c.place.SignServer(host)
	if err != nil {
		return err
	}
	return c.install(ctx, "server", realcluster.PortRemoteCluster, pair)
}

// readWithin is how long nodes may take to read certificates that changed: they look twice a second.
const readWithin = time.Minute

// install gives the nodes a certificate, and waits until they show it.
func (c *Cluster) install(ctx context.Context, name string, port int, pair pki.Pair) error {
	// Between the two files the pair does not fit, and is not read; so the key is first.
	if err := errors.Join(c.real.WriteFile(name+".key", pair.Key), c.real.WriteFile(name+".crt", pair.Certificate)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	block, _ := pem.Decode([]byte(pair.Certificate))
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}} //nolint:gosec // which certificate it is, is what is looked at
	for {
		conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(c.real.Address(0), fmt.Sprint(port)))
		if err == nil {
			shown := conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Raw //nolint:forcetypeassert,errcheck // a tls.Dialer makes no other
			_ = conn.Close()
			if string(shown) == string(block.Bytes) {
				return nil
			}
		}
		if ctx.Err() != nil {
			return fmt.Errorf("the nodes do not read their new certificate %s.crt: %w", name, errors.Join(ctx.Err(), err))
		}
		time.Sleep(50 * time.Millisecond)
	}
}
