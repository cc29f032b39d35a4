package elastic

import (
	"context"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// Keys are the cross-cluster API keys of a cluster. Issuing needs a user as the caller, never an API key.
type Keys interface {
	// IssueKey creates a key. It is never repeated by the client: after an ambiguous answer look by name.
	IssueKey(ctx context.Context, spec KeySpec) (IssuedKey, error)
	// ActiveKeys returns the cross-cluster keys of that exact name that are neither invalidated nor expired.
	ActiveKeys(ctx context.Context, name string) ([]Key, error)
	InvalidateKeys(ctx context.Context, ids []string) error
}

// Keyring is a Cluster that changes keys in place. Only the user who owns a key may do that.
type Keyring interface {
	// UpdateKeyAccess replaces what a key may read; its secret stays.
	UpdateKeyAccess(ctx context.Context, id string, a Access) error
	// Caller is the user that the bot calls as; empty if it is not known.
	Caller() string
}

// Verifier is a Cluster that verifies who signs requests to it, as those of 9.3 and later do. Whose signatures it
// believes is written by PutSettings, and can't be read.
type Verifier interface {
	// IdentityKeys returns the active cross-cluster keys that demand a certificate.
	IdentityKeys(ctx context.Context) ([]Key, error)
}

// SigningAuthorities is the setting of a remote cluster that says whose signatures it believes: a list of files in PEM. It
// is dynamic (Elastic's docs: remote cluster settings), and filtered: no answer shows it again (measured on 9.5.3).
const SigningAuthorities = RemotePrefix + "signing.certificate_authorities"

// Issuer is a Cluster that knows beforehand whether its caller may issue keys. Elasticsearch refuses every API key as
// the caller, so people hear of it before they approve.
type Issuer interface {
	// MayIssue returns why not, or nil.
	MayIssue() error
}

// KeySpec is a cross-cluster API key as it is asked for.
type KeySpec struct {
	Name       string            `json:"name"`
	Access     Access            `json:"access"`
	Expiration time.Duration     `json:"expiration_ns"` // 0: never
	Metadata   map[string]string `json:"metadata"`
	Identity   string            `json:"certificate_identity"` // a regular expression; empty: none is demanded. From 9.3 on
}

// Key is what a cluster tells of a key.
type Key struct {
	ID, Name string
	Created  time.Time // zero: not known
	Expires  time.Time // zero: never
	Metadata map[string]string
	Access   Access // what it may read, where the cluster tells
	Owner    string // the user who made it
	Identity string // whose certificates it takes, a regular expression; empty: none is demanded
	NoEnrich bool   // it lets search, and was made before 8.15, from when on that includes ES|QL's ENRICH
}

// Days is how many days the key lives, a part of one as a whole; 0: for ever, or it is not known since when.
func (k Key) Days() int {
	if k.Created.IsZero() || k.Expires.IsZero() {
		return 0
	}
	const day = 24 * time.Hour
	return int((k.Expires.Sub(k.Created) + day - 1) / day)
}

// IssuedKey is a key with the secret that is shown only once.
type IssuedKey struct {
	Key
	Encoded secret.Secret // what goes into the local keystore
}
