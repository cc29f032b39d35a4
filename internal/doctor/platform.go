package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

const (
	searchLimit  = 100
	clusterLimit = 20 // clusters of one platform that are asked what the credential may do
)

func platform(ctx context.Context, a *area, p config.Platform, s link.System) {
	encryption(a, p)
	credentialSecrets(a, p)
	found, err := s.Search(ctx, "", searchLimit)
	if err != nil {
		a.call("reach", "searching deployments", p, err)
		return
	}
	a.ok("reach", "the platform answers, and the key finds %d deployment(s)", len(found))
	if len(found) == 0 {
		a.warn("deployments", "check that the key belongs to the right organization and that its role covers the deployments", "the key finds no deployments")
		return
	}
	if p.Kind == elastic.KindSelfManaged { // there is no platform to be asked, and each cluster stands for itself
		clusters(ctx, a, p, s, found)
		return
	}
	d, err := s.Deployment(ctx, found[0].Deployment)
	if err != nil {
		a.call("deployment", "reading a deployment", p, err)
		return
	}
	if p.Kind == elastic.KindECE {
		a.unknown("proxies", "a load balancer in front of them must pass TLS through; a deployment created before ECE 2.9 needs “Enable CCR” on its Security page first",
			"only a connection shows whether its proxies answer on %d (API keys) and %d (certificates)", elastic.KeyPort, link.TransportPort)
	}
	calls(ctx, a, p, s, d)
	clusters(ctx, a, p, s, found)
}

// encryption sees what can be seen without asking.
func encryption(a *area, p config.Platform) {
	if u, err := url.Parse(p.URL); err == nil && u.Scheme == "http" && !loopback(u.Hostname()) {
		a.warn("encryption", "use https:// (ECE: port 12443)", "the platform's key travels unencrypted to %s", u.Host)
	}
	for name, t := range map[string]*config.TLS{"tls": p.TLS, "elasticsearch_tls": p.ElasticsearchTLS} {
		if t != nil && t.Insecure && (name == "tls" || t != p.TLS) {
			a.warn("certificate", "set "+name+".ca_file instead of insecure", "%s accepts any certificate", name)
		}
	}
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// calls makes every call of the platform's API that a connect makes and that only reads.
func calls(ctx context.Context, a *area, p config.Platform, s link.System, d elastic.Deployment) {
	reads := []struct {
		check, doing string
		read         func() error
	}{
		{"keystore", "reading the keystore of " + d.Name, func() error { _, err := s.SecretNames(ctx, d); return err }},
		{"network", "reading the traffic filters of " + d.Name, func() error { _, err := s.Rulesets(ctx, d); return err }},
		{"egress", "reading the addresses that the platform calls from", func() error { _, err := s.Egress(ctx); return err }},
	}
	for _, r := range reads {
		if err := r.read(); err != nil {
			a.call(r.check, r.doing, p, err)
		} else {
			a.ok(r.check, "%s works", r.doing)
		}
	}
}

// call says what a failed call to a platform means.
func (a *area) call(check, doing string, p config.Platform, err error) {
	call, isCall := errors.AsType[*elastic.CallError](err)
	switch {
	case !isCall:
		a.bad(check, "", "%s: %v", doing, err)
	case call.Status == 0 && strings.Contains(call.Reason, "unknown authority"):
		a.bad(check, "save the CA certificate (PEM) to a file and set tls.ca_file to its path; ECE shows it under Platform, Settings, TLS certificates",
			"%s: %s", doing, call.Reason)
	case call.Status == 0 && strings.Contains(call.Reason, "x509:"):
		a.bad(check, "set tls.server_name to a name in the certificate, use such a name in url, or renew the certificate", "%s: %s", doing, call.Reason)
	case call.Status == 0:
		a.bad(check, "check url, DNS, firewalls and HTTPS_PROXY between this host and the platform", "%s: no answer from %s: %s", doing, p.URL, call.Reason)
	case call.Status == 401:
		a.bad(check, "create a new key on the platform itself (not in Elasticsearch) and store it where api_key points", "%s: the key is refused", doing)
	case call.Status == 403:
		a.bad(check, mayNot(p), "%s: the key's role does not allow it (%s)", doing, call.Reason)
	case call.Status == elastic.StatusNotElevated:
		a.bad(check, "create a new key as a user with elevated permissions, and store it where api_key points", "%s: the key lacks elevated permissions", doing)
	case call.Status == 404:
		a.bad(check, "url is the base of the platform's API, without a path (ECE: https://<coordinator>:12443)", "%s: there is no such API at %s", doing, p.URL)
	default:
		a.bad(check, "try again; if it persists, ask the platform's operators", "%s: %v", doing, call)
	}
}

func mayNot(p config.Platform) string {
	if p.Kind == elastic.KindECE {
		return "give the key's user the role Deployments manager (or Platform admin) on this ECE"
	}
	return "give the key the role Editor or Admin on the deployments in question"
}

// Privileges that a credential of Elasticsearch needs: on the remote side to issue and revoke cross-cluster keys, on
// the local side to set cluster settings and to see how a connection stands (Elasticsearch's docs: security privileges).
var (
	remotePrivileges = []string{"manage_security", "monitor"}
	localPrivileges  = []string{"manage"}
	eitherPrivileges = []string{"manage_security", "manage"}
)

// asksPrivileges is a cluster that can tell what its credential may not do; *es.Client is one.
type asksPrivileges interface {
	MissingPrivileges(ctx context.Context, cluster []string) ([]string, error)
}

func clusters(ctx context.Context, a *area, p config.Platform, s link.System, found []elastic.Deployment) {
	needed := remotePrivileges
	switch p.Kind {
	case elastic.KindECE:
		needed = localPrivileges
	case elastic.KindSelfManaged:
		needed = eitherPrivileges
	}
	fine, without, asked := 0, []string{}, 0
	for _, d := range found {
		if asked == clusterLimit {
			a.unknown("clusters", "", "only the first %d of %d clusters were asked", clusterLimit, len(found))
			break
		}
		d, err := s.Deployment(ctx, d.Deployment)
		if err != nil && p.Kind == elastic.KindSelfManaged {
			asked++
			a.elasticsearch(p, d, err)
			continue
		}
		if d.NoKeyServer {
			a.warn("key server", "set remote_cluster_server.enabled: true in elasticsearch.yml of its nodes, restart them, and set the address in the bot's "+
				"configuration, unless nobody needs to search it", "%s takes no connections by API key", d.Name)
		}
		if err != nil || d.Status != "" && d.Status != "started" {
			continue // one that is stopped can't be asked, and can't be connected either
		}
		c, err := s.Cluster(d)
		if errors.Is(err, elastic.ErrNoCredentials) {
			without = append(without, d.Name)
			continue
		}
		asked++
		if err != nil {
			a.bad("elasticsearch", "check elasticsearch and credentials of this platform", "%s: %v", d.Name, err)
			continue
		}
		if cluster(ctx, a, p, d, c, needed) {
			fine++
		}
	}
	switch {
	case len(without) > 0 && asked == 0:
		a.bad("credentials", "add one with the ids of the deployments to connect", "no credential matches any deployment: %s", strings.Join(without, ", "))
	case len(without) > 0:
		a.warn("credentials", "add one with their ids, unless they are never connected", "no credential matches %s", strings.Join(without, ", "))
	}
	if fine > 0 {
		a.ok("privileges", "on %d cluster(s) the credential has %s", fine, strings.Join(needed, ", "))
	}
}

// cluster asks one cluster who we are to it, and reports whether all is well.
func cluster(ctx context.Context, a *area, p config.Platform, d elastic.Deployment, c elastic.Cluster, needed []string) bool {
	if issuer, ok := c.(elastic.Issuer); ok && p.Kind == elastic.KindECH {
		if err := issuer.MayIssue(); err != nil {
			a.bad("issuing", "configure a user's username and password instead of an API key", "%s: %v", d.Name, err)
			return false
		}
	}
	asker, ok := c.(asksPrivileges)
	if !ok {
		a.unknown("privileges", "", "%s can't be asked", d.Name)
		return false
	}
	missing, err := asker.MissingPrivileges(ctx, needed)
	if err != nil {
		a.elasticsearch(p, d, err)
		return false
	}
	if len(missing) > 0 {
		a.bad("privileges", fmt.Sprintf("give the user a role with the cluster privileges %s (Stack Management, Roles)", strings.Join(needed, " and ")),
			"%s: the credential lacks %s", d.Name, strings.Join(missing, ", "))
		return false
	}
	return true
}

// elasticsearch says what a failed call to a cluster means.
func (a *area) elasticsearch(p config.Platform, d elastic.Deployment, err error) {
	call, isCall := errors.AsType[*elastic.CallError](err)
	switch {
	case isCall && call.Code == elastic.CodeNotElasticsearch:
		a.bad("product header", "let the proxy in between pass the X-Elastic-Product header, or set any_product: true for this platform",
			"%s: %s", d.Name, call.Reason)
	case isCall && call.Status == 0 && p.Kind == elastic.KindSelfManaged:
		a.bad("elasticsearch", "check the cluster's url and tls.ca_file, DNS, firewalls and HTTPS_PROXY between this host and it", "%s does not answer: %s", d.Name, call.Reason)
	case isCall && call.Status == 401 && p.Elasticsearch == "direct":
		a.bad("credentials", "check the credential that matches it: username, password or key", "%s refuses the credential", d.Name)
	case isCall && call.Status == 403 && strings.Contains(call.Reason, "Forbidden"):
		a.bad("elasticsearch", "add this host's address to a traffic filter of the deployment", "%s: a traffic filter keeps this host out", d.Name)
	default:
		a.call("elasticsearch", "asking Elasticsearch of "+d.Name, p, err)
	}
}
