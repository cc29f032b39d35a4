package es

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// ErrUserNeeded says that the configured credential can't issue cross-cluster keys: Elasticsearch answers an API key
// with "An API key cannot be used to create a cross-cluster API key".
var ErrUserNeeded = errors.New("issuing a cross-cluster API key needs a user, and the configured credential is an API key")

// apiKeys issues, reads, changes and invalidates cross-cluster API keys.
type apiKeys struct {
	*caller
	mayIssue bool
}

type keyCalls struct{}

// accessOf is the access as it is sent: as the key had it where that is more than names.
func accessOf(a elastic.Access) any {
	if len(a.Entries) > 0 {
		return a.Entries
	}
	type grant struct {
		Names []string `json:"names"`
	}
	var out struct {
		Search      []grant `json:"search,omitempty"`
		Replication []grant `json:"replication,omitempty"`
	}
	if len(a.Search) > 0 {
		out.Search = []grant{{Names: a.Search}}
	}
	if len(a.Replication) > 0 {
		out.Replication = []grant{{Names: a.Replication}}
	}
	return out
}

// issuing is POST /_security/cross_cluster/api_key, as Elasticsearch's API specification has it.
func issuing(spec elastic.KeySpec) request {
	body := encode(struct {
		Name       string            `json:"name"`
		Access     any               `json:"access"`
		Expiration string            `json:"expiration,omitempty"`
		Metadata   map[string]string `json:"metadata,omitempty"`
		Identity   string            `json:"certificate_identity,omitempty"`
	}{spec.Name, accessOf(spec.Access), expiration(spec.Expiration), spec.Metadata, spec.Identity})
	return request{
		Request: esapi.SecurityCreateCrossClusterAPIKeyRequest{Body: bytes.NewReader(body)},
		name:    "POST /_security/cross_cluster/api_key", body: body, writes: true,
	}
}

// IssueKey describes Client.IssueKey.
func (keyCalls) IssueKey(spec elastic.KeySpec) change.Call { return issuing(spec).describe() }

// expiration is a time as Elasticsearch reads it; empty for none.
func expiration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d <= 0:
		return ""
	case d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

// MayIssue returns ErrUserNeeded if the configured credential is an API key, so that a plan says it and not its work.
func (c apiKeys) MayIssue() error {
	if !c.mayIssue {
		return ErrUserNeeded
	}
	return nil
}

// IssueKey sends POST /_security/cross_cluster/api_key, once. The secrets in its answer are shown this once only;
// an answer without them leaves a key behind, so it is Ambiguous.
func (c apiKeys) IssueKey(ctx context.Context, spec elastic.KeySpec) (elastic.IssuedKey, error) {
	r := issuing(spec)
	call := c.call(r.name, true)
	if err := c.MayIssue(); err != nil {
		return elastic.IssuedKey{}, call.Odd(http.StatusBadRequest, "user_needed", err.Error(), err)
	}
	var answer struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		Encoded    string `json:"encoded"`
		Expiration int64  `json:"expiration"` // milliseconds since 1970
	}
	status, err := c.do(ctx, r, &answer)
	if err != nil {
		return elastic.IssuedKey{}, err
	}
	if answer.ID == "" || answer.Encoded == "" {
		odd := call.Odd(status, "unreadable_answer", "the answer holds no key", nil)
		odd.Ambiguous = true
		return elastic.IssuedKey{}, odd
	}
	return elastic.IssuedKey{
		Key:     elastic.Key{ID: answer.ID, Name: answer.Name, Expires: instant(answer.Expiration), Metadata: spec.Metadata, Identity: spec.Identity},
		Encoded: secret.New(answer.Encoded),
	}, nil
}

// key is an entry of GET /_security/api_key.
type key struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Type        string          `json:"type"`
	Creation    int64           `json:"creation"`
	Expiration  int64           `json:"expiration"`
	Invalidated bool            `json:"invalidated"`
	Metadata    map[string]any  `json:"metadata"`
	Username    string          `json:"username"`
	Access      json.RawMessage `json:"access"`
	Identity    string          `json:"certificate_identity"` // from 9.3 on

	Roles map[string]struct {
		Cluster []string `json:"cluster"`
	} `json:"role_descriptors"`
}

// lacksEnrich reports whether the key's role, which Elasticsearch makes of its access when the access is written, lets
// search and does not let enrich. Where no role is told, nothing is known to be missing.
func (k key) lacksEnrich() bool {
	has := k.Roles["cross_cluster"].Cluster
	return slices.Contains(has, "cross_cluster_search") && !slices.Contains(has, "monitor_enrich")
}

// ActiveKeys reads GET /_security/api_key. The name there may be a pattern, so the answer is sifted again.
func (c apiKeys) ActiveKeys(ctx context.Context, name string) ([]elastic.Key, error) {
	return c.activeKeys(ctx, name, func(k key) bool { return k.Name == name })
}

// IdentityKeys reads GET /_security/api_key, of all names.
func (c apiKeys) IdentityKeys(ctx context.Context) ([]elastic.Key, error) {
	return c.activeKeys(ctx, "*", func(k key) bool { return k.Identity != "" })
}

func (c apiKeys) activeKeys(ctx context.Context, name string, wanted func(key) bool) ([]elastic.Key, error) {
	all, err := c.keys(ctx, esapi.SecurityGetAPIKeyRequest{Name: name, ActiveOnly: new(true)})
	if err != nil {
		return nil, err
	}
	var active []elastic.Key
	for _, k := range all {
		if !wanted(k) || k.Type != "cross_cluster" || !c.active(k) {
			continue
		}
		may, err := elastic.ReadAccess(k.Access)
		if err != nil { // not known is not unlimited
			call := c.call("GET /_security/api_key", false)
			return nil, call.Odd(http.StatusOK, "unreadable_answer", "the access of key "+k.ID+" can't be read", err)
		}
		active = append(active, elastic.Key{
			ID: k.ID, Name: k.Name, Created: instant(k.Creation), Expires: instant(k.Expiration), Metadata: texts(k.Metadata),
			Access: may, Owner: k.Username, Identity: k.Identity, NoEnrich: k.lacksEnrich(),
		})
	}
	return active, nil
}

func (c apiKeys) keys(ctx context.Context, which esapi.SecurityGetAPIKeyRequest) ([]key, error) {
	var answer struct {
		Keys []key `json:"api_keys"`
	}
	_, err := c.do(ctx, request{Request: which, name: "GET /_security/api_key"}, &answer)
	return answer.Keys, err
}

func (c apiKeys) active(k key) bool {
	expires := instant(k.Expiration)
	return !k.Invalidated && (expires.IsZero() || c.now().Before(expires))
}

// Key describes a look at one key.
func (keyCalls) Key(id string) change.Call {
	return request{name: "GET /_security/api_key?id=" + url.QueryEscape(id)}.describe()
}

// invalidating is DELETE /_security/api_key, by ids or else by name.
func invalidating(name string, ids []string) request {
	body := encode(map[string]string{"name": name})
	if len(ids) > 0 {
		body = encode(map[string][]string{"ids": ids})
	}
	return request{
		Request: esapi.SecurityInvalidateAPIKeyRequest{Body: bytes.NewReader(body)},
		name:    "DELETE /_security/api_key", body: body, writes: true,
	}
}

// InvalidateKeys describes Client.InvalidateKeys, and its like by name.
func (keyCalls) InvalidateKeys(name string, ids []string) change.Call {
	return invalidating(name, ids).describe()
}

// InvalidateKeys sends DELETE /_security/api_key with ids. Keys that are invalid already, or gone, are forgiven.
// Elasticsearch answers 200 even where it did nothing, so a key that the answer does not name is looked at again.
func (c apiKeys) InvalidateKeys(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	var answer struct {
		Invalidated []string `json:"invalidated_api_keys"`
		Previously  []string `json:"previously_invalidated_api_keys"`
		ErrorCount  int      `json:"error_count"`
		Errors      []struct {
			Type   string `json:"type"`
			Reason string `json:"reason"`
		} `json:"error_details"`
	}
	r := invalidating("", ids)
	status, err := c.do(ctx, r, &answer)
	if err != nil {
		return err
	}
	if answer.ErrorCount > 0 {
		code, reason := "", fmt.Sprintf("%d of %d keys were not invalidated", answer.ErrorCount, len(ids))
		if len(answer.Errors) > 0 {
			code, reason = answer.Errors[0].Type, reason+": "+answer.Errors[0].Reason
		}
		return c.call(r.name, true).Odd(status, code, reason, nil)
	}
	for _, id := range ids {
		if slices.Contains(answer.Invalidated, id) || slices.Contains(answer.Previously, id) {
			continue
		}
		left, err := c.keys(ctx, esapi.SecurityGetAPIKeyRequest{ID: id})
		if err != nil && !elastic.IsNotFound(err) {
			return err
		}
		if slices.ContainsFunc(left, func(k key) bool { return k.ID == id && c.active(k) }) {
			return c.call(r.name, true).Odd(status, "key_kept", "the key "+id+" is still active", nil)
		}
	}
	return nil
}

// updating is PUT /_security/cross_cluster/api_key/{id}.
func updating(id string, a elastic.Access) request {
	body := encode(map[string]any{"access": accessOf(a)})
	return request{
		Request: esapi.SecurityUpdateCrossClusterAPIKeyRequest{DocumentID: url.PathEscape(id), Body: bytes.NewReader(body)},
		name:    "PUT /_security/cross_cluster/api_key/" + id, body: body, writes: true,
	}
}

// UpdateKeyAccess describes Client.UpdateKeyAccess.
func (keyCalls) UpdateKeyAccess(id string, a elastic.Access) change.Call {
	return updating(id, a).describe()
}

// UpdateKeyAccess sends PUT /_security/cross_cluster/api_key/{id}: it replaces the access as a whole and leaves the
// secret as it is. Only the user who owns the key may do it.
func (c apiKeys) UpdateKeyAccess(ctx context.Context, id string, a elastic.Access) error {
	_, err := c.do(ctx, updating(id, a), nil)
	return err
}

// encode is the JSON of a body of texts, which can't fail.
func encode(body any) []byte {
	raw, _ := json.Marshal(body) //nolint:errchkjson // texts, numbers and what has been read as JSON
	return raw
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// texts keeps the texts of a key's metadata: anyone else who made the key may have put anything there.
func texts(metadata map[string]any) map[string]string {
	if len(metadata) == 0 {
		return nil
	}
	out := map[string]string{}
	for k, v := range metadata {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}
