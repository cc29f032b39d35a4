package linktest

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// signing is what a cluster has and is told for strong identity verification.
type signing struct {
	authority string            // that its nodes' certificates come from
	files     map[string]string // authorities that its nodes have, by file
	believed  []string          // the files that are set
	weak      bool              // the bot's user may not change settings
}

// newSigning: nodes of Elastic Cloud have the authority of their region as a file.
func newSigning(p *Platform) signing {
	s := signing{authority: "ca of " + p.name, files: map[string]string{}}
	if p.kind == elastic.KindECH {
		s.files["internal_tls_ca.crt"] = s.authority
	}
	return s
}

var (
	_ elastic.Verifier   = elasticsearch{}
	_ elastic.Privileged = elasticsearch{}
)

// MissingPrivileges returns manage where Weaken has taken it.
func (e elasticsearch) MissingPrivileges(ctx context.Context, cluster []string) ([]string, error) {
	var missing []string
	err := e.do(ctx, "MissingPrivileges", func() error {
		if e.d.signing.weak && slices.Contains(cluster, "manage") {
			missing = []string{"manage"}
		}
		return nil
	})
	return answer(missing, err)
}

// Weaken takes from the bot's user the right to change settings of the cluster.
func (d *Deployment) Weaken() { d.locked(func() { d.signing.weak = true }) }

// IdentityKeys returns the active keys that demand a certificate.
func (e elasticsearch) IdentityKeys(ctx context.Context) ([]elastic.Key, error) {
	var all []elastic.Key
	err := e.do(ctx, "IdentityKeys", func() error {
		for _, k := range e.d.keys {
			if k.Identity != "" && e.d.active(k) {
				all = append(all, k.Key)
			}
		}
		return nil
	})
	return answer(all, err)
}

// believe sets the persistent authorities; a file that is not there is refused, as Elasticsearch does.
func (e elasticsearch) believe(raw json.RawMessage) error {
	var files []string
	if err := json.Unmarshal(raw, &files); err != nil {
		return e.refuse("PUT /_cluster/settings", "a list is needed")
	}
	for _, f := range files {
		if _, ok := e.d.signing.files[f]; !ok {
			return e.refuse("PUT /_cluster/settings", "Configured file ["+f+"] not found")
		}
	}
	e.d.signing.believed = files
	return nil
}

// sign says what the remote cluster has against the signature of a request; empty if nothing.
func (d *Deployment) sign(alias string, remote *Deployment, k *key) string {
	dn := "CN=instance-0.node." + d.about.ClusterID + ".cluster.1"
	with := elastic.Signature{Certificate: "node.crt", Key: "node.key"}
	if d.about.SignedBy.Certificate != "" {
		with = d.about.SignedBy
	}
	signed := d.settings.get(alias, "signing.certificate") == with.Certificate && d.settings.get(alias, "signing.key") == with.Key
	fits := func() bool {
		re, err := regexp.Compile("^(?:" + k.Identity + ")$")
		return err == nil && re.MatchString(dn)
	}
	switch {
	case k.Identity != "" && !signed:
		return "API key (type:[cross_cluster], id:[" + k.ID + "]) requires certificate identity matching [" + k.Identity + "], but no certificate was provided"
	case k.Identity != "" && !fits():
		return "DN from provided certificate [" + dn + "] does not match API Key certificate identity pattern [" + k.Identity + "]"
	case signed && !remote.believes(d.signing.authority):
		return "Failed to verify cross cluster api key signature certificate from [(" + dn + ")]"
	}
	return ""
}

func (d *Deployment) believes(authority string) bool {
	return slices.ContainsFunc(d.signing.believed, func(f string) bool { return d.signing.files[f] == authority })
}

// Upload puts the authority of another deployment on d's nodes, as a bundle does.
func (d *Deployment) Upload(file string, of *Deployment) {
	d.locked(func() { d.signing.files[file] = of.signing.authority })
}

// Believes returns the authorities that d believes signatures by, which no answer shows.
func (d *Deployment) Believes() []string {
	var files []string
	d.locked(func() { files = slices.Clone(d.signing.believed) })
	return files
}

// Believe sets what d believes behind the bot's back, without any check.
func (d *Deployment) Believe(files ...string) { d.locked(func() { d.signing.believed = files }) }

// SetIdentity changes what the active keys of d demand, behind the bot's back.
func (d *Deployment) SetIdentity(pattern string) {
	d.locked(func() {
		for _, k := range d.keys {
			k.Identity = pattern
		}
	})
}

// Unsign stops the nodes from signing what they send to an alias, behind the bot's back.
func (d *Deployment) Unsign(alias string) {
	d.locked(func() {
		for _, option := range []string{"signing.certificate", "signing.key"} {
			delete(d.settings, setting{"persistent", alias, option})
		}
	})
}
