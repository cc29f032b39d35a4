package realnodes

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/realcluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/pki"
)

// equip gives the nodes their certificates, users, roles and documents.
func (c *Cluster) equip(ctx context.Context) error {
	for path, pem := range c.place.Authorities {
		if err := c.real.WriteFile(path, pem); err != nil {
			return err
		}
	}
	if err := c.writeTrust(); err != nil {
		return err
	}
	errs := make([]error, 3)
	var all sync.WaitGroup
	all.Go(func() { errs[0] = c.writeServer(ctx, c.Host()) })
	all.Go(func() { errs[1] = c.writeNode(ctx, time.Time{}) })
	all.Go(func() { errs[2] = c.people(ctx) })
	all.Wait()
	return errors.Join(errs...)
}

// people gives the nodes their users and roles, and something to find.
func (c *Cluster) people(ctx context.Context) error {
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
	return c.fill(ctx, s.Indices)
}

// fill puts documents into indices.
func (c *Cluster) fill(ctx context.Context, indices map[string][]json.RawMessage) error {
	var lines strings.Builder
	for _, index := range slices.Sorted(maps.Keys(indices)) {
		for i, doc := range indices[index] {
			fmt.Fprintf(&lines, "{\"index\":{\"_index\":%q,\"_id\":\"%d\"}}\n%s\n", index, i+1, doc)
		}
	}
	if lines.Len() == 0 {
		return nil
	}
	status, raw, err := c.patiently(ctx, http.MethodPost, "/_bulk?refresh=true", lines.String())
	if err == nil && (status != http.StatusOK || !bytes.Contains(raw, []byte(`"errors":false`))) {
		err = fmt.Errorf("POST /_bulk: %d %s", status, raw)
	}
	return err
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

// writeNode gives the nodes a certificate for transport that ends then; zero: with its authority.
func (c *Cluster) writeNode(ctx context.Context, ends time.Time) error {
	pair, err := c.place.SignNode(ends)
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

// readWithin is how long nodes may take to read certificates that changed. They look ten times a second; what they could
// not read they leave until a file changes again, so the files are written again every writeAgain.
const (
	readWithin = 2 * time.Minute
	writeAgain = 10 * time.Second
	lookEvery  = 100 * time.Millisecond
)

// install gives the nodes a certificate, and waits until they show it.
func (c *Cluster) install(ctx context.Context, name string, port int, pair pki.Pair) error {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	block, _ := pem.Decode([]byte(pair.Certificate))
	var last error
	for looks := 0; ctx.Err() == nil; looks++ {
		if looks%int(writeAgain/lookEvery) == 0 {
			// Between the two files the pair does not fit, and is not read; so the key is first.
			if err := errors.Join(c.real.WriteFile(name+".key", pair.Key), c.real.WriteFile(name+".crt", pair.Certificate)); err != nil {
				return err
			}
		}
		shown, err := shownAt(ctx, net.JoinHostPort(c.real.Address(0), fmt.Sprint(port)))
		switch {
		case err == nil && bytes.Equal(shown, block.Bytes):
			return nil
		case err == nil:
			last = errors.New("they show another one")
		case ctx.Err() == nil:
			last = err
		}
		time.Sleep(lookEvery)
	}
	return fmt.Errorf("the nodes do not read their new certificate %s.crt: %w; the end of their log: %s", name, last, c.real.Log(0))
}

// shownAt is the certificate that is shown at an address.
func shownAt(ctx context.Context, addr string) ([]byte, error) {
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}} //nolint:gosec // which certificate it is, is what is looked at
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Raw, nil //nolint:forcetypeassert,errcheck // a tls.Dialer makes no other
}
