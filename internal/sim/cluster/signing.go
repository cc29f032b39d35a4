package cluster

import (
	"crypto/sha1" //nolint:gosec // as Elasticsearch names a certificate
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/security"
)

// Strong identity verification, from 9.3 on: the local cluster signs its requests with a certificate, the key on the
// remote one says whose certificates it takes, and the remote one's settings say which authorities it believes
// (Elasticsearch: CrossClusterApiKeySignatureManager, CrossClusterApiKeySigningSettings).

// signingSettings stand below an alias of the local cluster.
var signingSettings = map[string]valueKind{
	"signing.certificate": anyText, "signing.key": anyText,
	"signing.keystore.path": anyText, "signing.keystore.type": anyText, "signing.keystore.alias": anyText, "signing.keystore.algorithm": anyText,
}

// signingAuthorities is the setting of the remote cluster that lists files with certificate authorities.
const signingAuthorities = "cluster.remote.signing.certificate_authorities"

// verifyingSettings are those of the remote cluster as a whole: "signing" is no alias in them.
var verifyingSettings = map[string]valueKind{
	signingAuthorities:                            texts,
	"cluster.remote.signing.truststore.path":      anyText,
	"cluster.remote.signing.truststore.type":      anyText,
	"cluster.remote.signing.truststore.algorithm": anyText,
	"cluster.remote.signing.diagnose.trust":       boolean,
}

// isSigning reports whether a setting is about signatures, on either side.
func isSigning(key string) bool {
	if _, verifying := verifyingSettings[key]; verifying {
		return true
	}
	m := remoteKey.FindStringSubmatch(key)
	if m == nil {
		return false
	}
	_, signing := signingSettings[m[2]]
	return signing
}

// The files that every node of Elastic's platforms has, and the one that those of Elastic Cloud have: the authority of
// their region (Elastic's docs: ec-remote-cluster-strong-identity).
const (
	nodeCertificate = "node.crt"
	nodeKey         = "node.key"
	internalCA      = "internal_tls_ca.crt"
	configDir       = "/app/config"
)

// PutAuthority puts a file with a certificate authority on the cluster's nodes, as a bundle does.
func (c *Cluster) PutAuthority(file, pem string) {
	defer c.net.enter()()
	c.files[file] = pem
}

// CA is the authority of the cluster's certificates, in PEM, as its deployment's security page offers it.
func (c *Cluster) CA() string {
	defer c.net.enter()()
	return c.ca
}

// NodeName is the name of the cluster's node in its certificate: <node>.node.<cluster id>.cluster.<scope id>.
func (c *Cluster) NodeName() string {
	return "instance-0000000000.node." + c.id + ".cluster." + c.scope
}

// dn is the name in the certificates of the cluster's nodes: CN=<node>.node.<cluster id>.cluster.<scope id>.
func (c *Cluster) dn() string {
	return "CN=" + c.NodeName()
}

// checkSigning refuses files that are not there and settings that don't go together.
func (c *Cluster) checkSigning(all map[string]any) *rest.Error {
	for _, alias := range aliases(all) {
		prefix := "cluster.remote." + alias + ".signing."
		certificate, key := all[prefix+"certificate"], all[prefix+"key"]
		switch {
		case isEmpty(key) && !isEmpty(certificate):
			return half("certificate", "key")
		case isEmpty(certificate) && !isEmpty(key):
			return half("key", "certificate")
		case !isEmpty(key) && !isEmpty(all[prefix+"keystore.path"]):
			return rest.IllegalArgument("cannot specify both [signing.keystore.path] and [signing.key]")
		}
		for _, file := range []struct {
			set   any
			there string
		}{{certificate, nodeCertificate}, {key, nodeKey}, {all[prefix+"keystore.path"], ""}} {
			if !isEmpty(file.set) && (file.set != file.there || c.ca == "") {
				return noFile(file.set)
			}
		}
	}
	store := all["cluster.remote.signing.truststore.path"]
	if !isEmpty(store) && !isEmpty(all[signingAuthorities]) {
		return rest.IllegalArgument("cannot specify both [signing.certificate_authorities] and [signing.truststore.path]")
	}
	if !isEmpty(store) {
		return noFile(store)
	}
	for _, file := range listed(all[signingAuthorities]) {
		if _, ok := c.files[file]; !ok {
			return noFile(file)
		}
	}
	return nil
}

// half is said of one of a pair: with the status of a server's own fault, though it is none.
func half(has, lacks string) *rest.Error {
	return &rest.Error{Status: 500, Kind: "ssl_config_exception", Reason: "cannot specify [signing." + has + "] without also setting [signing." + lacks + "]"}
}

func noFile(file any) *rest.Error {
	s, _ := file.(string)
	if !path.IsAbs(s) {
		s = path.Join(configDir, s)
	}
	return rest.IllegalArgument("Configured file [%s] not found", s)
}

// listed is a setting's list, which may also be written with commas.
func listed(v any) []string {
	switch v := v.(type) {
	case []string:
		return v
	case string:
		if v != "" {
			return strings.Split(v, ",")
		}
	}
	return nil
}

// presentSignature is what the remote cluster says of the signature on a request, in Elastic's order: the name, then
// the authority. A signature that is not believed is refused also where the key demands none.
func (c *Cluster) presentSignature(r remote, to *Cluster, k *security.Key) *rest.Error {
	signed := r.certificate != "" && r.key != ""
	switch {
	case !to.version.Has(rest.Signing):
		return nil
	case k.Identity != nil && !signed:
		return rest.Unauthenticated("API key (type:[cross_cluster], id:[%s]) requires certificate identity matching [%s], but no certificate was provided", k.Id, *k.Identity)
	case k.Identity != nil && !fits(*k.Identity, c.dn()):
		return rest.Unauthenticated("DN from provided certificate [%s] does not match API Key certificate identity pattern [%s]", c.dn(), *k.Identity)
	case signed && !to.believes(c.ca):
		return rest.Unauthenticated("Failed to verify cross cluster api key signature certificate from [(%s;X.509;SHA1:%x)]", c.dn(), sha1.Sum([]byte(c.ca))) //nolint:gosec // as Elasticsearch names a certificate
	}
	return nil
}

// fits reports whether a name matches a pattern as a whole.
func fits(pattern, dn string) bool {
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	return err == nil && re.MatchString(dn)
}

// believes reports whether signatures under an authority's certificates count.
func (c *Cluster) believes(ca string) bool {
	return ca != "" && slices.ContainsFunc(listed(c.settings()[signingAuthorities]), func(file string) bool {
		return strings.TrimSpace(c.files[file]) == strings.TrimSpace(ca)
	})
}
