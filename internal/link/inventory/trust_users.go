package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// WithoutTrust is an entry without what was added, but for what is still in use; nil where nobody is left in an entry that was
// made for it. Certificates of an entry that stays go only where it had its own before: who was let in since may rest on
// them.
func WithoutTrust(a link.AddedTrust, entry json.RawMessage, u TrustUsers) json.RawMessage {
	var has elastic.TrustEntry
	fields, certificates := map[string]json.RawMessage{}, []json.RawMessage{}
	if json.Unmarshal(entry, &fields) != nil || json.Unmarshal(entry, &has) != nil || has.All && !a.All {
		return entry // somebody lets all in: whom that serves, nobody can see
	}
	_ = json.Unmarshal(fields["certificates"], &certificates) // has was read from it
	all := has.All && u.any()
	clusters := slices.DeleteFunc(has.Clusters, func(id string) bool { return slices.Contains(a.Clusters, id) && !u.of(id) })
	if !all && len(clusters) == 0 && a.Whole {
		return nil
	}
	if !a.Whole && !u.any() {
		certificates = slices.DeleteFunc(certificates, func(raw json.RawMessage) bool { return a.Brought(raw) })
	}
	fields["certificates"], fields["trust_all"] = elastic.RawJSON(certificates), elastic.RawJSON(all)
	delete(fields, "trust_allowlist")
	if len(clusters) > 0 {
		fields["trust_allowlist"] = elastic.RawJSON(clusters)
	}
	return elastic.RawJSON(fields)
}

// TrustUsers are the certificate connections that may rest on an entry, by the cluster on its other side.
type TrustUsers struct {
	by       map[string][]string // cluster id → connections, in words
	unplaced []string            // connections to an address that belongs to no deployment that the bot can see
	unseen   []string            // clusters of which the bot can't see what they connect to
}

// any reports whether anything uses the entry, or may.
func (u TrustUsers) any() bool { return len(u.by)+len(u.unplaced)+len(u.unseen) > 0 }

// of reports whether anything uses the trust in one cluster, or may.
func (u TrustUsers) of(cluster string) bool {
	return len(u.by[cluster]) > 0 || len(u.unplaced) > 0 || slices.Contains(u.unseen, cluster)
}

// String says who they are.
func (u TrustUsers) String() string {
	var all []string
	for _, names := range u.by {
		all = append(all, names...)
	}
	for _, name := range u.unplaced {
		all = append(all, name+" (whose address the bot doesn't know)")
	}
	for _, cluster := range u.unseen {
		all = append(all, "perhaps the cluster "+cluster+", which the bot can't see")
	}
	slices.Sort(all)
	return link.JoinWords(slices.Compact(all))
}

// TrustQuery is who uses a trust: that of a deployment in others of a platform.
type TrustQuery struct {
	of       elastic.Ref
	platform string        // of whom it trusts
	peers    []elastic.Ref // those that the connections that end lead to, or come from
	added    link.AddedTrust
	leaving  []link.Name // connections that end, and don't count
}

// ReadTrustUsers reads the certificate connections between a deployment and those that its entry lets in, both ways: a
// connection rests on the trust of both its sides. A read that fails is an error: an unread world is not an empty one.
func ReadTrustUsers(ctx context.Context, r *Connections, t TrustQuery) (TrustUsers, error) {
	d, err := r.catalog.Fresh(ctx, t.of)
	if err != nil {
		return TrustUsers{}, link.WrapCall("reading deployment "+t.of.String(), err)
	}
	peers, unseen, err := peers(ctx, r, t)
	if err != nil {
		return TrustUsers{}, err
	}
	u := TrustUsers{by: map[string][]string{}, unseen: unseen}
	if err := outgoing(ctx, r, t, d, &u); err != nil {
		return TrustUsers{}, err
	}
	if err := incoming(ctx, r, t, d, peers, &u); err != nil {
		return TrustUsers{}, err
	}
	return u, rememberedUsers(ctx, r, t, &u)
}

// peers are the deployments that what was added lets in.
func peers(ctx context.Context, r *Connections, t TrustQuery) (found []elastic.Deployment, unseen []string, err error) {
	sys, ok := r.catalog.System(t.platform)
	if !ok {
		return nil, nil, &link.UnknownSystemError{Name: t.platform}
	}
	if !t.added.All {
		for _, ref := range t.peers {
			d, err := r.catalog.Fresh(ctx, ref)
			if err != nil && !elastic.IsNotFound(err) {
				return nil, nil, link.WrapCall("reading deployment "+ref.String(), err)
			}
			if err == nil {
				found = append(found, d)
			}
		}
		if unseen = notAmong(t.added.Clusters, found); len(unseen) == 0 {
			return found, nil, nil
		}
	}
	all, err := allOf(ctx, sys)
	if err != nil {
		return nil, nil, link.WrapCall("looking for deployments of "+link.SystemLabel(sys), err)
	}
	if !t.added.All {
		all = slices.DeleteFunc(all, func(d elastic.Deployment) bool { return !slices.Contains(t.added.Clusters, d.ClusterID) })
	}
	return all, notAmong(t.added.Clusters, all), nil
}

// notAmong are the clusters that are of none of the deployments.
func notAmong(clusters []string, of []elastic.Deployment) []string {
	return slices.DeleteFunc(slices.Clone(clusters), func(id string) bool {
		return slices.ContainsFunc(of, func(d elastic.Deployment) bool { return d.ClusterID == id })
	})
}

// outgoing are d's own connections.
func outgoing(ctx context.Context, r *Connections, t TrustQuery, d elastic.Deployment, u *TrustUsers) error {
	return byCertificate(ctx, r, d, t.leaving, func(n link.Name, to *elastic.Deployment) {
		switch {
		case to == nil || to.ClusterID == "":
			u.unplaced = append(u.unplaced, n.String())
		case to.Platform == t.platform, slices.Contains(t.added.Clusters, to.ClusterID):
			u.by[to.ClusterID] = append(u.by[to.ClusterID], n.String())
		}
	})
}

// incoming are the peers' connections to d.
func incoming(ctx context.Context, r *Connections, t TrustQuery, d elastic.Deployment, peers []elastic.Deployment, u *TrustUsers) error {
	errs := make([]error, len(peers))
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i, peer := range peers {
		wg.Go(func() {
			errs[i] = byCertificate(ctx, r, peer, t.leaving, func(n link.Name, to *elastic.Deployment) {
				mu.Lock()
				defer mu.Unlock()
				if to == nil {
					u.unplaced = append(u.unplaced, n.String())
				} else if to.Ref == d.Ref {
					u.by[peer.ClusterID] = append(u.by[peer.ClusterID], n.String())
				}
			})
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// byCertificate reads the certificate connections of a deployment, with where they lead; nil where that is not known.
func byCertificate(ctx context.Context, r *Connections, d elastic.Deployment, leaving []link.Name, found func(link.Name, *elastic.Deployment)) error {
	info, err := r.ask(ctx, d)
	if err != nil {
		return link.WrapCall("reading the remote connections of "+d.Name, err)
	}
	for alias, i := range info {
		n := link.Name{Local: d.Ref, Alias: alias}
		if i.Credentials != "" || strings.HasSuffix(i.ProxyAddress, ":"+strconv.Itoa(elastic.KeyPort)) || slices.Contains(leaving, n) {
			continue
		}
		host, ok := hostOf(i)
		if !ok {
			found(n, nil)
			continue
		}
		found(n, deploymentAt(ctx, r.catalog, host, func(link.System) bool { return true }))
	}
	return nil
}

// rememberedUsers adds managed connections by certificates that no cluster lists at the moment.
func rememberedUsers(ctx context.Context, r *Connections, t TrustQuery, u *TrustUsers) error {
	managed, err := ManagedOn(ctx, r.Records.Registry, t.of)
	if err != nil {
		return err
	}
	for n, m := range managed {
		other := m.Remote
		if m.Remote == t.of {
			other = m.Local
		}
		if m.Trust == nil || m.KeyName != "" || slices.Contains(t.leaving, n) || m.Local != t.of && m.Remote != t.of || other.Platform != t.platform {
			continue
		}
		d, err := r.catalog.Deployment(ctx, other)
		if elastic.IsNotFound(err) {
			continue // nothing is left that it could lead to
		}
		if err != nil {
			return link.WrapCall("reading deployment "+other.String(), err)
		}
		if said := fmt.Sprint(n); !slices.Contains(u.by[d.ClusterID], said) {
			u.by[d.ClusterID] = append(u.by[d.ClusterID], said)
		}
	}
	return nil
}
