// Package ece is Elastic Cloud Enterprise as a link.Platform: the API that it shares with Elastic Cloud, its
// allocators, and its proxy to Elasticsearch. It must not know what a connection is made of.
package ece

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/cloudapi"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// DefaultRegion is the region of a platform of one ECE.
const DefaultRegion = "ece-region"

// Options describe an ECE.
type Options struct {
	Name      string            // the platform's configured name
	BaseURL   string            // https://<coordinator>:12443
	APIKey    secret.Secret     // of the ECE
	Region    string            // empty: DefaultRegion
	Transport http.RoundTripper // to the coordinator, see wire.NewTransport; nil trusts the system's authorities

	// Direct reaches Elasticsearch at a deployment's service URL with Credentials; else through the platform's proxy
	// with the platform's key.
	Direct      bool
	Credentials es.Credentials
	// ElasticsearchTransport is the one to service URLs; nil: Transport.
	ElasticsearchTransport http.RoundTripper
	// AnyProduct does without Elasticsearch's product header, for a proxy that drops it.
	AnyProduct bool

	// Roots are the authorities that everybody knows; nil: the system's.
	Roots *x509.CertPool

	CallTimeout time.Duration                // of each call; 0: wire.DefaultCallTimeout
	Now         func() time.Time             // required
	Log         *slog.Logger                 // nil: no log
	OpaqueID    func(context.Context) string // for Elasticsearch's logs; nil: none
}

// Platform is one ECE.
type Platform struct {
	*cloudapi.Client
	o        Options
	accepted es.Accepted
}

var (
	_ elastic.Platform   = (*Platform)(nil)
	_ elastic.Trusts     = (*Platform)(nil)
	_ elastic.Filters    = (*Platform)(nil)
	_ elastic.FilterUses = (*Platform)(nil)
	_ elastic.Restarts   = (*Platform)(nil)
	_ elastic.Proxies    = (*Platform)(nil)
)

// New checks the options. It makes no call.
func New(o Options) (*Platform, error) {
	if o.Region == "" {
		o.Region = DefaultRegion
	}
	if o.ElasticsearchTransport == nil {
		o.ElasticsearchTransport = o.Transport
	}
	if err := o.Credentials.Check(); err != nil {
		return nil, fmt.Errorf("platform %s: %w", o.Name, err)
	}
	client, err := cloudapi.New(cloudapi.Options{
		System: o.Name, BaseURL: o.BaseURL, APIKey: o.APIKey, Transport: o.Transport,
		CallTimeout: o.CallTimeout, Now: o.Now, Log: o.Log,
	})
	if err != nil {
		return nil, err
	}
	return &Platform{Client: client, o: o}, nil
}

// Egress returns the addresses and names of the connected allocators, sorted: they are what calls a remote cluster.
func (p *Platform) Egress(ctx context.Context) ([]string, error) {
	allocators, err := p.Allocators(ctx, p.o.Region)
	if err != nil {
		return nil, err
	}
	var addresses []string
	for _, a := range allocators {
		if a.Connected {
			addresses = append(addresses, a.HostIP, a.PublicHostname)
		}
	}
	slices.Sort(addresses)
	addresses = slices.Compact(addresses)
	return slices.DeleteFunc(addresses, func(a string) bool { return a == "" }), nil
}

// Calls describe what is sent to the platform and to its clusters.
func (p *Platform) Calls() elastic.Calls {
	return elastic.Calls{ClusterCalls: es.Calls{}, PlatformCalls: cloudapi.Calls{}}
}

// Cluster reaches Elasticsearch of a deployment as the operator chose.
func (p *Platform) Cluster(d elastic.Deployment) (elastic.Cluster, error) {
	o := es.Options{
		System: "Elasticsearch of " + d.Name, CallTimeout: p.o.CallTimeout, Now: p.o.Now, Log: p.o.Log,
		OpaqueID: p.o.OpaqueID, AnyProduct: p.o.AnyProduct, Accepted: &p.accepted,
	}
	if p.o.Direct {
		auth, err := p.o.Credentials.For(d)
		if err != nil {
			return nil, err
		}
		if d.ServiceURL == "" {
			return nil, fmt.Errorf("%s: %w", d.Ref, errNoServiceURL)
		}
		o.Address, o.Auth, o.Transport = d.ServiceURL, auth, p.o.ElasticsearchTransport
		return es.New(o)
	}
	address, err := p.ProxyAddress(d)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Ref, err)
	}
	o.Address, o.Auth, o.Transport = address, es.Proxy(p.o.APIKey), p.o.Transport
	return es.New(o)
}

var errNoServiceURL = errors.New("the platform names no service URL for this deployment")

// Environment suggests the id under which others know this ECE.
func (p *Platform) Environment(ctx context.Context, _ elastic.Deployment) (elastic.Environment, error) {
	return p.LocalRelationship(ctx, p.o.Region)
}
