package config

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Cluster is a self-managed cluster.
type Cluster struct {
	// Name is short and stable: it is stored in requests. Lowercase letters, digits and dashes.
	Name string `yaml:"name"`
	// URL is where its Elasticsearch answers over HTTP, such as https://search.example.com:9200.
	URL string `yaml:"url"`
	// Address is where other clusters connect by API key, as host:port, the port of remote_cluster_server. Nothing: none do.
	// No two clusters share a host name.
	Address string `yaml:"address"`
	// ServerCAFile is a file with the authority of the certificate at address, in PEM; the card of a request shows it.
	// Default: the bot connects to address and looks.
	ServerCAFile string `yaml:"server_ca_file"`
	// KibanaURL is the address of its Kibana, for links.
	KibanaURL string `yaml:"kibana_url"`
	// Signing says what its nodes sign their requests with, for strong identity verification (9.3 or later). Nothing: they
	// don't, and no key can be bound to this cluster.
	Signing *Signing `yaml:"signing"`
	// TLS says how the certificate at url is checked. Default: as elasticsearch_tls of the platform.
	TLS *TLS `yaml:"tls"`
}

// Signing is a certificate that each node of a cluster has, with its key.
type Signing struct {
	// Certificate is its file on each node, in PEM, below the directory of elasticsearch.yml, such as signing/node.crt.
	Certificate string `yaml:"certificate"`
	// Key is the file of its private key, without a passphrase, such as signing/node.key.
	Key string `yaml:"key"`
	// Identity is a regular expression that the subjects of the certificates of all its nodes fit as a whole, and those of no
	// other cluster, such as CN=.*\.search-dc1\.example\.com.
	Identity string `yaml:"identity"`
	// AuthorityFile is a file beside the bot with the authority that signed them, in PEM; the card of a request shows it.
	AuthorityFile string `yaml:"authority_file"`
}

// KeystoreHook is an HTTPS endpoint of the clusters' owners: docs/self-managed.md says what it is asked.
type KeystoreHook struct {
	// URL is where it is called.
	URL string `yaml:"url"`
	// Secret is what the calls are signed with, of at least 32 characters.
	Secret SecretRef `yaml:"secret"`
	// TLS says how its certificate is checked.
	TLS *TLS `yaml:"tls"`
	// Timeout is how long an operation on all nodes may take. Default 2m.
	Timeout Duration `yaml:"timeout"`
}

const selfManaged = elastic.KindSelfManaged

// checkSelfManaged checks what clusters without a platform need, and refuses what only a platform has.
func checkSelfManaged(p *parser, at string, pl Platform) {
	for field, given := range map[string]bool{
		"url": pl.URL != "", "api_key": pl.APIKey.Given(), "console_url": pl.ConsoleURL != "", "add_filters": pl.AddFilters,
		"private_hosts": len(pl.PrivateHosts) > 0, "strong_identity": pl.StrongIdentity, "environment_id": pl.EnvironmentID != "", "environment_ca_file": pl.EnvironmentCAFile != "",
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
		if c.Signing != nil {
			checkSigning(p, in+".signing", *c.Signing)
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

// nodeFile is a file below the directory of a node's configuration.
var nodeFile = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./-]*$`)

// nobodys is the subject of no certificate: an expression that fits it binds a key to nothing.
const nobodys = "CN=nobody's"

// checkSigning checks what a cluster signs with. Whether the files are on its nodes, Elasticsearch says when they are set.
func checkSigning(p *parser, at string, s Signing) {
	for field, file := range map[string]string{"certificate": s.Certificate, "key": s.Key} {
		if !nodeFile.MatchString(file) || strings.Contains(file, "..") {
			p.add(at+"."+field, "name a file below the directory of elasticsearch.yml, such as signing/node.%s", map[string]string{"certificate": "crt", "key": "key"}[field])
		}
	}
	if s.AuthorityFile == "" {
		p.add(at+".authority_file", "name a file with the certificate authority in PEM: approvers see whom the remote cluster will trust")
	}
	switch re, err := regexp.Compile("^(?:" + s.Identity + ")$"); {
	case s.Identity == "" || err != nil:
		p.add(at+".identity", `must be a regular expression that fits the subjects of its nodes' certificates, such as CN=.*\.search-dc1\.example\.com`)
	case re.MatchString(nobodys):
		p.add(at+".identity", "fits any certificate, so a key would be bound to no cluster")
	}
}
