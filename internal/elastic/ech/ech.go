// Package ech is an organization of Elastic Cloud Hosted as a link.Platform: the API that it shares with ECE, and
// Elasticsearch at its service URL, for there is no proxy. It must not know what a connection is made of.
package ech

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/cloudapi"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// DefaultBaseURL is the API of Elastic Cloud.
const DefaultBaseURL = "https://api.elastic-cloud.com"

// Options describe an organization of Elastic Cloud.
type Options struct {
	Name      string            // the platform's configured name
	BaseURL   string            // empty: DefaultBaseURL
	APIKey    secret.Secret     // of the organization
	Transport http.RoundTripper // to the API, see wire.NewTransport; nil trusts the system's authorities

	// Credentials are those of Elasticsearch, the first that matches a deployment.
	Credentials es.Credentials
	// ElasticsearchTransport is the one to service URLs; nil: Transport.
	ElasticsearchTransport http.RoundTripper
	// AnyProduct does without Elasticsearch's product header, for a proxy that drops it.
	AnyProduct bool

	CallTimeout time.Duration                // of each call; 0: wire.DefaultCallTimeout
	Now         func() time.Time             // required
	Log         *slog.Logger                 // nil: no log
	OpaqueID    func(context.Context) string // for Elasticsearch's logs; nil: none
}

// Platform is one organization.
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
)

// New checks the options. It makes no call.
func New(o Options) (*Platform, error) {
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
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

// Egress returns nothing: Elastic Cloud's API does not say what addresses a deployment calls from.
func (p *Platform) Egress(context.Context) ([]string, error) { return nil, nil }

// Calls describe what is sent to the platform and to its clusters.
func (p *Platform) Calls() elastic.Calls {
	return elastic.Calls{ClusterCalls: es.Calls{}, PlatformCalls: cloudapi.Calls{}}
}

// Cluster reaches Elasticsearch of a deployment at its service URL.
func (p *Platform) Cluster(d elastic.Deployment) (elastic.Cluster, error) {
	auth, err := p.o.Credentials.For(d)
	if err != nil {
		return nil, err
	}
	if d.ServiceURL == "" {
		return nil, fmt.Errorf("%s: %w", d.Ref, errNoServiceURL)
	}
	return es.New(es.Options{
		System: "Elasticsearch of " + d.Name, Address: d.ServiceURL, Auth: auth,
		Transport: p.o.ElasticsearchTransport, CallTimeout: p.o.CallTimeout, Now: p.o.Now, Log: p.o.Log,
		OpaqueID: p.o.OpaqueID, AnyProduct: p.o.AnyProduct, Accepted: &p.accepted,
	})
}

var errNoServiceURL = errors.New("the platform names no service URL for this deployment")

// Environment names the organization.
func (p *Platform) Environment(ctx context.Context, d elastic.Deployment) (elastic.Environment, error) {
	return p.OrganizationOf(ctx, d)
}
