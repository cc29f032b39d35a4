package cluster

import (
	"path"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
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

// checkSigning refuses files that are not there and settings that don't go together.
func checkSigning(all map[string]any, nodes *certificates) *rest.Error {
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
			if !isEmpty(file.set) && (file.set != file.there || nodes.ca == "") {
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
		if _, ok := nodes.files[file]; !ok {
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
