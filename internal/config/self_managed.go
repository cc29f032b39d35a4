package config

import (
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

const selfManaged = elastic.KindSelfManaged

// checkSelfManaged checks what clusters without a platform need, and refuses what only a platform has.
func (p *parser) checkSelfManaged(at string, pl Platform) {
	for field, given := range map[string]bool{
		"url": pl.URL != "", "api_key": pl.APIKey.Given(), "console_url": pl.ConsoleURL != "", "add_filters": pl.AddFilters,
		"strong_identity": pl.StrongIdentity, "environment_id": pl.EnvironmentID != "", "environment_ca_file": pl.EnvironmentCAFile != "",
	} {
		if given {
			p.add(at+"."+field, "is not for self_managed: there is no platform")
		}
	}
	if pl.Elasticsearch == "proxy" {
		p.add(at+".elasticsearch", "there is no platform with a proxy: use direct")
	}
	if h := pl.KeystoreHook; h != nil {
		p.webURL(at+".keystore_hook.url", h.URL, h.TLS)
		p.needed(at+".keystore_hook.secret", h.Secret)
		if h.Secret.Given() && !h.Secret.Secret().Empty() && len(h.Secret.Secret().Reveal()) < minEncryption {
			p.add(at+".keystore_hook.secret", "must have at least %d characters, by chance: openssl rand -base64 32", minEncryption)
		}
		p.span(at+".keystore_hook.timeout", h.Timeout, time.Second, 30*time.Minute)
	}
	if len(pl.Clusters) == 0 {
		p.add(at+".clusters", "name at least one cluster")
	}
	names, hosts := map[string]bool{}, map[string]bool{}
	for i, c := range pl.Clusters {
		in := fmt.Sprintf("%s.clusters[%d]", at, i)
		if !nameRule.MatchString(c.Name) {
			p.add(in+".name", "must be lowercase letters, digits and dashes, such as search-dc1")
		}
		if names[c.Name] {
			p.add(in+".name", "there are two clusters called %s", c.Name)
		}
		names[c.Name] = true
		p.webURL(in+".url", c.URL, c.TLS)
		if c.KibanaURL != "" {
			p.webURL(in+".kibana_url", c.KibanaURL, c.TLS)
		}
		if c.Address == "" {
			continue
		}
		if err := elastic.CheckAddress(c.Address); err != nil {
			p.add(in+".address", "%v", err)
			continue
		}
		host, _, _ := net.SplitHostPort(c.Address) // CheckAddress has read it
		if host = strings.ToLower(host); hosts[host] {
			p.add(in+".address", "another cluster has the host name %s: a connection is told by it", host)
		}
		hosts[host] = true
	}
}
