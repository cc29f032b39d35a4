package link

import (
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Longest parts of a key's name, in bytes. The request's id stands whole at its end, so the name stays unique.
const (
	maxKeyNameEnv        = 32
	maxKeyNameDeployment = 40
	maxKeyNameAlias      = 64
)

// KeyManager stands in the metadata of keys that the bot issued.
const KeyManager = "remote-cluster-bot"

const day = 24 * time.Hour

// KeySpec is the key that a request asks for. Its name says who wants it for what, so that an orphan can be found by
// name; its metadata let a later look tell whether it still grants what was asked for.
func (c ConnectParams) KeySpec(env, request string) elastic.KeySpec {
	return elastic.KeySpec{
		Name: fmt.Sprintf("rcb-%s-%s-%s-%s",
			Shorten(env, maxKeyNameEnv), Shorten(c.Local.Deployment, maxKeyNameDeployment), Shorten(c.Alias, maxKeyNameAlias), request),
		Access:     c.Access,
		Expiration: time.Duration(c.ExpiryDays) * day,
		Metadata: map[string]string{
			"managed_by":  KeyManager,
			"env":         env,
			"request":     request,
			"local":       c.Local.String(),
			"alias":       c.Alias,
			"access_hash": c.Access.Hash(),
		},
		Identity: c.IdentityPattern(),
	}
}

// Shorten cuts s to at most that many bytes.
func Shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:most]
}
