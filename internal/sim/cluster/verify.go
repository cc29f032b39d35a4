package cluster

import (
	"crypto/sha1" //nolint:gosec // as Elasticsearch names a certificate
	"regexp"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/security"
)

// verifySignature is what the remote cluster says of the signature on a request, in Elastic's order: the name, then
// the authority. A signature that is not believed is refused also where the key demands none.
func verifySignature(from, to *Cluster, r remote, k *security.Key) *rest.Error {
	signed := r.certificate != "" && r.key != ""
	switch {
	case !to.version.Has(rest.Signing):
		return nil
	case k.Identity != nil && !signed:
		return rest.Unauthenticated("API key (type:[cross_cluster], id:[%s]) requires certificate identity matching [%s], but no certificate was provided", k.ID, *k.Identity)
	case k.Identity != nil && !fits(*k.Identity, from.certificates.dn()):
		return rest.Unauthenticated("DN from provided certificate [%s] does not match API Key certificate identity pattern [%s]", from.certificates.dn(), *k.Identity)
	case signed && !acceptsSignatures(to, from.certificates.ca):
		return rest.Unauthenticated("Failed to verify cross cluster api key signature certificate from [(%s;X.509;SHA1:%x)]", from.certificates.dn(), sha1.Sum([]byte(from.certificates.ca))) //nolint:gosec // as Elasticsearch names a certificate
	}
	return nil
}

// fits reports whether a name matches a pattern as a whole.
func fits(pattern, dn string) bool {
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	return err == nil && re.MatchString(dn)
}

// acceptsSignatures reports whether signatures under an authority's certificates count.
func acceptsSignatures(c *Cluster, ca string) bool {
	return ca != "" && slices.ContainsFunc(listed(c.settings.all()[signingAuthorities]), func(file string) bool {
		return strings.TrimSpace(c.certificates.files[file]) == strings.TrimSpace(ca)
	})
}
