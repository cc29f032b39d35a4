// Package selfmanaged is a list of clusters that their owners run by themselves as an elastic.Platform: all that is asked
// is asked of Elasticsearch. There is no API of a platform, so no network filter, no restart and no trust settings, and
// the keystore is the owners'. It must not know what a connection is made of.
package selfmanaged

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
)

// Cluster is a cluster as its owners describe it.
type Cluster struct {
	Name     string // its id, too
	URL      string // where Elasticsearch answers over HTTP
	Address  string // host:port where other clusters connect by API key; empty: none do
	Kibana   string // its address, for links; empty: none
	ServerCA string // PEM of the authority of the certificate at Address; empty: a connection tells
	SignedBy elastic.Signature
	// Transport is the one to URL; nil trusts the system's authorities.
	Transport http.RoundTripper
}

// Options describe the clusters.
type Options struct {
	Name        string // the platform's configured name
	Clusters    []Cluster
	Credentials es.Credentials
	// Hook edits the keystores; nil: nobody does that for the bot.
	Hook *Hook
	// AnyProduct does without Elasticsearch's product header, for a proxy that drops it.
	AnyProduct bool

	CallTimeout time.Duration                // of each call; 0: transport.DefaultCallTimeout
	Now         func() time.Time             // required
	Log         *slog.Logger                 // nil: no log
	OpaqueID    func(context.Context) string // for Elasticsearch's logs; nil: none
}

// Platform is the clusters of one entry of the configuration.
type Platform struct {
	o        Options
	hook     *hook // nil: there is none
	accepted es.Accepted
}

var (
	_ elastic.Platform      = (*Platform)(nil)
	_ elastic.Lister        = (*Platform)(nil)
	_ elastic.Proxies       = (*Platform)(nil)
	_ elastic.HandKeystores = (*Platform)(nil)
)

// New checks the options. It makes no call.
func New(o Options) (*Platform, error) {
	if err := o.Credentials.Check(); err != nil {
		return nil, fmt.Errorf("platform %s: %w", o.Name, err)
	}
	p := &Platform{o: o}
	if o.Hook != nil {
		var err error
		if p.hook, err = newHook(*o.Hook, o); err != nil {
			return nil, fmt.Errorf("platform %s: %w", o.Name, err)
		}
	}
	for _, c := range o.Clusters {
		if _, err := p.client(c); err != nil && !errors.Is(err, elastic.ErrNoCredentials) {
			return nil, fmt.Errorf("platform %s: %w", o.Name, err)
		}
	}
	return p, nil
}

// The words of the platforms' APIs for a deployment that runs, and for an answer that is missing.
const (
	started     = "started"
	unreachable = "unreachable"
)

// known is what the configuration alone says of a cluster.
func (p *Platform) known(c Cluster) elastic.Deployment {
	d := elastic.Deployment{
		Ref: elastic.Ref{Platform: p.o.Name, Deployment: c.Name}, Name: c.Name,
		ServiceURL: c.URL, KibanaURL: c.Kibana, KeyAddress: c.Address, NoKeyServer: c.Address == "", SignedBy: c.SignedBy,
	}
	if host, _, err := net.SplitHostPort(c.Address); err == nil {
		d.Endpoint = host
	}
	return d
}

// read asks a cluster who it is.
func (p *Platform) read(ctx context.Context, c Cluster) (elastic.Deployment, error) {
	d := p.known(c)
	client, err := p.client(c)
	if err != nil {
		return d, err
	}
	about, err := client.About(ctx)
	if err != nil {
		d.Status = unreachable
		return d, err
	}
	d.Version, d.ClusterID, d.Healthy, d.Status = about.Version, about.UUID, true, started
	return d, nil
}

// Deployment asks a cluster who it is, and whether it takes connections by API key.
func (p *Platform) Deployment(ctx context.Context, id string) (elastic.Deployment, error) {
	c, err := p.cluster(id)
	if err != nil {
		return elastic.Deployment{}, err
	}
	var serving bool
	var other sync.WaitGroup
	other.Go(func() { serving = p.serves(ctx, c) })
	d, err := p.read(ctx, c)
	other.Wait()
	if errors.Is(err, elastic.ErrNoCredentials) {
		return d, nil // which is said where it matters, in the words for all platforms
	}
	d.NoKeyServer = d.NoKeyServer || !serving
	return d, err
}

// serves reports whether a cluster takes connections by API key, or may: an answer that is missing says nothing.
func (p *Platform) serves(ctx context.Context, c Cluster) bool {
	client, err := p.client(c)
	if err != nil {
		return true
	}
	nodes, serving, err := client.KeyServers(ctx)
	return err != nil || nodes == 0 || serving > 0
}

func (p *Platform) cluster(name string) (Cluster, error) {
	i := slices.IndexFunc(p.o.Clusters, func(c Cluster) bool { return c.Name == name })
	if i < 0 {
		return Cluster{}, &elastic.CallError{
			System: p.o.Name, Call: "looking into the configuration", Status: http.StatusNotFound, Code: "no_such_cluster",
			Reason: "the configuration names no cluster of this name",
		}
	}
	return p.o.Clusters[i], nil
}

// Search asks every cluster whose name contains text who it is. One that does not answer is found all the same, without
// a version.
func (p *Platform) Search(ctx context.Context, text string, limit int) ([]elastic.Deployment, error) {
	var found []Cluster
	for _, c := range p.o.Clusters {
		if strings.Contains(strings.ToLower(c.Name), strings.ToLower(text)) && len(found) < limit {
			found = append(found, c)
		}
	}
	all := make([]elastic.Deployment, len(found))
	var wg sync.WaitGroup
	for i, c := range found {
		wg.Go(func() { all[i], _ = p.read(ctx, c) }) // what is unknown stays empty
	}
	wg.Wait()
	return all, nil
}

// ListDeployments tells what the configuration names.
func (p *Platform) ListDeployments(context.Context) ([]elastic.Deployment, error) {
	all := make([]elastic.Deployment, 0, len(p.o.Clusters))
	for _, c := range p.o.Clusters {
		all = append(all, p.known(c))
	}
	return all, nil
}

// Rulesets returns nothing: what keeps connections from a cluster is in networks that nobody tells of.
func (*Platform) Rulesets(context.Context, elastic.Deployment) ([]elastic.Ruleset, error) {
	return nil, nil
}

// Egress returns nothing: the configuration alone may say it.
func (*Platform) Egress(context.Context) ([]string, error) { return nil, nil }

// Cluster reaches Elasticsearch of a cluster.
func (p *Platform) Cluster(d elastic.Deployment) (elastic.Cluster, error) {
	c, err := p.cluster(d.Deployment)
	if err != nil {
		return nil, err
	}
	return p.client(c)
}

func (p *Platform) client(c Cluster) (*es.Client, error) {
	auth, err := p.o.Credentials.For(elastic.Deployment{Ref: elastic.Ref{Deployment: c.Name}, Name: c.Name})
	if err != nil {
		return nil, err
	}
	return es.New(es.Options{
		System: "Elasticsearch of " + c.Name, Address: c.URL, Auth: auth, Transport: c.Transport, CallTimeout: p.o.CallTimeout,
		Now: p.o.Now, Log: p.o.Log, OpaqueID: p.o.OpaqueID, AnyProduct: p.o.AnyProduct, Accepted: &p.accepted,
	})
}

// Calls describe what is done to the clusters. What only a platform can do is empty: no plan has it.
func (p *Platform) Calls() elastic.Calls {
	return elastic.Calls{ClusterCalls: es.Calls{}, PlatformCalls: calls{p.hook}}
}
