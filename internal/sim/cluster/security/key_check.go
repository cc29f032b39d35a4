package security

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// OtherCredentials is the field of an error that says why a key was not accepted.
const OtherCredentials = "additional_unsuccessful_credentials"

// checkKey finds the key of an encoded credential and says why it is no good. A problem with a kind ends the
// authentication with just that text.
func (r *keyring) checkKey(encoded, want string) (*Key, *rest.Error) {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	id, secret, ok := strings.Cut(string(raw), ":")
	if at, bad := errors.AsType[base64.CorruptInputError](err); bad && int(at) < len(encoded) {
		return nil, &rest.Error{Reason: fmt.Sprintf("Illegal base64 character %x", encoded[at])}
	}
	if !ok {
		return nil, &rest.Error{Reason: "invalid ApiKey value"}
	}
	k := r.key(id)
	switch {
	case k == nil:
		return nil, &rest.Error{Reason: "unable to find apikey with id " + id}
	case k.invalidated():
		return nil, &rest.Error{Reason: "api key [" + id + "] has been invalidated"}
	case k.secret != secret:
		return nil, &rest.Error{Reason: "invalid credentials for API key [" + id + "]"}
	case k.kind != want:
		return nil, &rest.Error{Kind: "security_exception", Reason: "authentication expected API key type of [" + want + "], but API key [" + id + "] has type [" + k.kind + "]"}
	case k.expired(r.now()):
		return nil, &rest.Error{Reason: "api key is expired"}
	}
	return k, nil
}

// CrossClusterKey is checkKey for a request from another cluster. Without a body it could not even be read.
func (r *keyring) CrossClusterKey(encoded, action string) (*Key, *rest.Error) {
	k, why := r.checkKey(encoded, keyTypeCrossCluster)
	id := CredentialID(encoded)
	switch {
	case why == nil:
		return k, nil
	case why.Kind != "":
		return nil, rest.Unauthenticated("%s", why.Reason)
	case id == "":
		e := rest.Unauthenticated("error attempting to authenticate request")
		e.Cause = rest.IllegalArgument("cross cluster access header [_cross_cluster_access_credentials] value must be a valid API key credential")
		e.Cause.Cause = rest.IllegalArgument("invalid ApiKey value")
		return nil, e
	}
	e := rest.Unauthenticated("unable to authenticate user [%s] for action [%s]", id, action)
	e.Extra[OtherCredentials] = "API key: " + why.Reason
	return nil, e
}

// CredentialID is the id of the key in an encoded credential; empty if it can't be read.
func CredentialID(encoded string) string {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	id, _, ok := strings.Cut(string(raw), ":")
	if err != nil || !ok {
		return ""
	}
	return id
}
