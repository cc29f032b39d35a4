package link

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Longest parts of a key's name, in bytes. The request's id stands whole at its end, so the name stays unique.
const (
	maxKeyNameEnv        = 32
	maxKeyNameDeployment = 40
	maxKeyNameAlias      = 64
)

const day = 24 * time.Hour

// keySpec is the key that a request asks for. Its name says who wants it for what, so that an orphan can be found by
// name; its metadata let a later look tell whether it still grants what was asked for.
func (c Connect) keySpec(env, request string) KeySpec {
	return KeySpec{
		Name: fmt.Sprintf("rcb-%s-%s-%s-%s",
			cut(env, maxKeyNameEnv), cut(c.Local.Deployment, maxKeyNameDeployment), cut(c.Alias, maxKeyNameAlias), request),
		Access:     c.Access,
		Expiration: time.Duration(c.ExpiryDays) * day,
		Metadata: map[string]string{
			"managed_by":  "remote-cluster-bot",
			"env":         env,
			"request":     request,
			"local":       c.Local.String(),
			"alias":       c.Alias,
			"access_hash": c.Access.Hash(),
		},
		Identity: c.identity(),
	}
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:most]
}

// Hash is a short fingerprint of what is granted: 64 bits of SHA-256, in hex.
func (a Access) Hash() string {
	sum := sha256.Sum256(rawJSON(a))
	return hex.EncodeToString(sum[:8])
}

// Body is the body of POST /_security/cross_cluster/api_key, as Elasticsearch's API specification has it. The plan
// that people approve shows it, so whoever sends the key sends this.
func (s KeySpec) Body() json.RawMessage {
	type names struct {
		Names []string `json:"names"`
	}
	type access struct {
		Search      []names `json:"search,omitempty"`
		Replication []names `json:"replication,omitempty"`
	}
	body := struct {
		Name       string            `json:"name"`
		Access     access            `json:"access"`
		Expiration string            `json:"expiration,omitempty"`
		Metadata   map[string]string `json:"metadata,omitempty"`
		Identity   string            `json:"certificate_identity,omitempty"`
	}{Name: s.Name, Metadata: s.Metadata, Identity: s.Identity}
	if len(s.Access.Search) > 0 {
		body.Access.Search = []names{{s.Access.Search}}
	}
	if len(s.Access.Replication) > 0 {
		body.Access.Replication = []names{{s.Access.Replication}}
	}
	switch {
	case s.Expiration > 0 && s.Expiration%day == 0:
		body.Expiration = fmt.Sprintf("%dd", s.Expiration/day)
	case s.Expiration > 0:
		body.Expiration = fmt.Sprintf("%dms", s.Expiration.Milliseconds())
	}
	return rawJSON(body)
}
