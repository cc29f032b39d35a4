package app

import (
	"context"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/ece"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/ech"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/selfmanaged"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/tracing"
)

// constructors make a platform of each kind: to add a kind, add a line.
var constructors = map[string]func(config.Platform, platformDeps) (elastic.Platform, error){
	elastic.KindECE: newECE,
	elastic.KindECH: newECH,

	elastic.KindSelfManaged: newSelfManaged,
}

// platformDeps is what all platforms are called with.
type platformDeps struct {
	callTimeout time.Duration
	now         func() time.Time
	log         *slog.Logger
	tracing     *tracing.Tracing
}

// Systems are the platforms of a configuration, for a look at them without the bot.
func Systems(c *config.Config, log *slog.Logger) ([]link.System, error) {
	return systems(c.Platforms, platformDeps{callTimeout: c.Executor.CallTimeout.Std(), now: time.Now, log: log})
}

func systems(platforms []config.Platform, d platformDeps) ([]link.System, error) {
	all := make([]link.System, 0, len(platforms))
	for _, p := range platforms {
		construct, ok := constructors[p.Kind]
		if !ok {
			return nil, fmt.Errorf("platform %s: nothing is known of kind %q", p.Name, p.Kind)
		}
		platform, err := construct(p, d)
		if err != nil {
			return nil, err
		}
		system := link.System{
			Name: p.Name, Label: p.Label, Kind: p.Kind, Platform: platform, EnvironmentID: p.EnvironmentID,
			EgressCIDRs: p.Egress, CanAddFilters: p.AddFilters, ConsoleURL: p.ConsoleURL,
			PrivateHosts:     privateHosts(p),
			SupportsIdentity: p.Kind != elastic.KindECE || p.StrongIdentity,
		}
		if system.EnvironmentCA, err = environmentCA(p); err != nil {
			return nil, err
		}
		all = append(all, system)
	}
	return all, nil
}

func privateHosts(p config.Platform) []link.PrivateHosts {
	var all []link.PrivateHosts
	for _, one := range p.PrivateHosts {
		all = append(all, link.PrivateHosts(one))
	}
	return all
}

func newECE(p config.Platform, d platformDeps) (elastic.Platform, error) {
	api, elasticsearch, err := trusts(p)
	if err != nil {
		return nil, err
	}
	return ece.New(ece.Options{
		Name: p.Name, BaseURL: p.URL, APIKey: p.APIKey.Secret(), Transport: d.transport(p.Name, api),
		Direct: p.Elasticsearch == "direct", Credentials: credentials(p), ElasticsearchTransport: d.elasticsearch(p.Name, elasticsearch),
		AnyProduct: p.AnyProduct, CallTimeout: d.callTimeout, Now: d.now, Log: d.log, OpaqueID: traceID,
	})
}

func newECH(p config.Platform, d platformDeps) (elastic.Platform, error) {
	api, elasticsearch, err := trusts(p)
	if err != nil {
		return nil, err
	}
	return ech.New(ech.Options{
		Name: p.Name, BaseURL: p.URL, APIKey: p.APIKey.Secret(), Transport: d.transport(p.Name, api),
		Credentials: credentials(p), ElasticsearchTransport: d.elasticsearch(p.Name, elasticsearch), AnyProduct: p.AnyProduct,
		CallTimeout: d.callTimeout, Now: d.now, Log: d.log, OpaqueID: traceID,
	})
}

func newSelfManaged(p config.Platform, d platformDeps) (elastic.Platform, error) {
	clusters := make([]selfmanaged.Cluster, 0, len(p.Clusters))
	for _, c := range p.Clusters {
		t, err := trust(c.TLS)
		if err != nil {
			return nil, fmt.Errorf("platform %s: cluster %s: %w", p.Name, c.Name, err)
		}
		ca, err := authorities(c.ServerCAFile)
		if err != nil {
			return nil, fmt.Errorf("platform %s: cluster %s: %w", p.Name, c.Name, err)
		}
		signs, err := signature(c.Signing)
		if err != nil {
			return nil, fmt.Errorf("platform %s: cluster %s: %w", p.Name, c.Name, err)
		}
		clusters = append(clusters, selfmanaged.Cluster{
			Name: c.Name, URL: c.URL, Address: c.Address, Kibana: c.KibanaURL, ServerCA: strings.Join(ca, "\n"), SignedBy: signs,
			Transport: d.elasticsearch(p.Name, t),
		})
	}
	hook, err := keystoreHook(p, d)
	if err != nil {
		return nil, err
	}
	return selfmanaged.New(selfmanaged.Options{
		Name: p.Name, Clusters: clusters, Hook: hook, Credentials: credentials(p), AnyProduct: p.AnyProduct,
		CallTimeout: d.callTimeout, Now: d.now, Log: d.log, OpaqueID: traceID,
	})
}

// signature is what the nodes of a cluster sign with; nothing where nobody says so.
func signature(s *config.Signing) (elastic.Signature, error) {
	if s == nil {
		return elastic.Signature{}, nil
	}
	ca, err := authorities(s.AuthorityFile)
	return elastic.Signature{Certificate: s.Certificate, Key: s.Key, Identity: s.Identity, Authority: strings.Join(ca, "\n")}, err
}

func keystoreHook(p config.Platform, d platformDeps) (*selfmanaged.Hook, error) {
	h := p.KeystoreHook
	if h == nil {
		return nil, nil //nolint:nilnil // there need not be one
	}
	t, err := trust(h.TLS)
	if err != nil {
		return nil, fmt.Errorf("platform %s: its keystore hook: %w", p.Name, err)
	}
	return &selfmanaged.Hook{
		URL: h.URL, Secret: h.Secret.Secret(), Timeout: h.Timeout.Std(),
		Transport: d.tracing.Elastic(p.Name+" keystore hook", transport.NewTransport(t)),
	}, nil
}

// transport is the way to a platform's own API.
func (d platformDeps) transport(platform string, t transport.Trust) http.RoundTripper {
	return transport.NewRecent(traced{d.tracing.Elastic(platform, transport.NewTransport(t))}, d.now)
}

// elasticsearch is the way to a platform's clusters that goes around that API.
func (d platformDeps) elasticsearch(platform string, t transport.Trust) http.RoundTripper {
	return transport.NewRecent(d.tracing.Elastic(platform+" elasticsearch", transport.NewTransport(t)), d.now)
}

// opaqueHeader is the header that Elasticsearch writes into its logs (Elasticsearch's docs: "X-Opaque-Id HTTP header").
const opaqueHeader = "X-Opaque-Id"

// traceID says in the logs of the other side whose call it was: which claim on which request, or which of Slack's
// events. The number behind # goes up with every take-over.
func traceID(ctx context.Context) string {
	if c, ok := executor.Working(ctx); ok {
		return fmt.Sprintf("%s#%d %s", c.ID, c.Epoch, c.Worker)
	}
	if id := change.RequestIDFrom(ctx); id != "" {
		return id
	}
	return bot.RequestID(ctx)
}

// traced puts the trace into the calls of a platform's own API too; one that knows nothing of it passes over it.
type traced struct{ next http.RoundTripper }

func (t traced) RoundTrip(req *http.Request) (*http.Response, error) {
	if id := traceID(req.Context()); id != "" && req.Header.Get(opaqueHeader) == "" {
		req = req.Clone(req.Context())
		req.Header.Set(opaqueHeader, id)
	}
	return t.next.RoundTrip(req)
}

func credentials(p config.Platform) es.Credentials {
	all := make(es.Credentials, 0, len(p.Credentials))
	for _, c := range p.Credentials {
		all = append(all, es.Credential{
			Deployment: c.Deployment, Username: c.Username, Password: c.Password.Secret(), APIKey: c.APIKey.Secret(),
		})
	}
	return all
}

// trusts returns how the platform's own certificate and those of its deployments are checked.
func trusts(p config.Platform) (api, elasticsearch transport.Trust, err error) {
	if api, err = trust(p.TLS); err != nil {
		return api, elasticsearch, fmt.Errorf("platform %s: %w", p.Name, err)
	}
	if elasticsearch, err = trust(p.ElasticsearchTLS); err != nil {
		return api, elasticsearch, fmt.Errorf("platform %s: %w", p.Name, err)
	}
	return api, elasticsearch, nil
}

func trust(t *config.TLS) (transport.Trust, error) {
	if t == nil {
		return transport.Trust{}, nil
	}
	out := transport.Trust{ServerName: t.ServerName, Insecure: t.Insecure}
	if t.CAFile == "" {
		return out, nil
	}
	pem, err := os.ReadFile(t.CAFile)
	if err != nil {
		return out, fmt.Errorf("reading the authorities: %w", err)
	}
	out.RootCAs, err = transport.Pool(pem)
	if err != nil {
		return out, fmt.Errorf("%s: %w", t.CAFile, err)
	}
	return out, nil
}

// environmentCA reads the certificates that others trust an ECE by.
func environmentCA(p config.Platform) ([]string, error) {
	all, err := authorities(p.EnvironmentCAFile)
	if err != nil {
		return nil, fmt.Errorf("platform %s: the environment's authority: %w", p.Name, err)
	}
	return all, nil
}

// authorities reads the certificates of a file; none where there is no file.
func authorities(file string) ([]string, error) {
	if file == "" {
		return nil, nil
	}
	rest, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("reading the authorities: %w", err)
	}
	var all []string
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			all = append(all, string(pem.EncodeToMemory(block)))
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return all, nil
}
