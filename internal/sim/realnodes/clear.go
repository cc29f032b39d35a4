package realnodes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
)

// call sends a request as the superuser and needs a good answer, read into into unless that is nil.
func (m *member) call(ctx context.Context, method, path string, body, into any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	status, raw, err := m.patiently(ctx, method, path, string(text))
	switch {
	case err != nil:
		return err
	case status >= http.StatusMultipleChoices:
		return fmt.Errorf("%s %s: %d %s", method, path, status, raw)
	case into != nil:
		return json.Unmarshal(raw, into)
	}
	return nil
}

// callPause is between two calls that a cluster could not answer yet.
const callPause = 50 * time.Millisecond

// patiently sends a request until the cluster can answer it: the index .security may be on its way.
func (m *member) patiently(ctx context.Context, method, path, body string) (status int, raw []byte, err error) {
	for {
		status, raw, err = m.real.Request(ctx, 0, method, path, body)
		if err != nil || status != http.StatusServiceUnavailable || ctx.Err() != nil {
			return status, raw, err
		}
		select {
		case <-time.After(callPause):
		case <-ctx.Done():
		}
	}
}

// clear removes what the world before has left.
func (m *member) clear(ctx context.Context) error {
	var settings struct{ Persistent, Transient map[string]any }
	if err := m.call(ctx, http.MethodGet, "/_cluster/settings", nil, &settings); err != nil {
		return err
	}
	// Filtered settings are not shown, but a pattern finds them.
	none := map[string]any{"persistent": map[string]any{"*": nil}, "transient": map[string]any{"*": nil}}
	if err := m.call(ctx, http.MethodPut, "/_cluster/settings", none, nil); err != nil {
		return err
	}
	if err := m.forget(ctx); err != nil {
		return err
	}
	if err := m.invalidate(ctx); err != nil {
		return err
	}
	for name := range m.users {
		if err := m.call(ctx, http.MethodDelete, "/_security/user/"+name, nil, nil); err != nil {
			return err
		}
	}
	clear(m.users)
	roles, err := m.ownRoles(ctx)
	if err != nil {
		return err
	}
	for name := range roles {
		if err := m.call(ctx, http.MethodDelete, "/_security/role/"+url.PathEscape(name), nil, nil); err != nil {
			return err
		}
	}
	var indices []struct{ Index string }
	if err := m.call(ctx, http.MethodGet, "/_cat/indices?format=json&h=index", nil, &indices); err != nil {
		return err
	}
	var names []string
	for _, i := range indices {
		names = append(names, i.Index)
	}
	if len(names) == 0 {
		return nil
	}
	return m.call(ctx, http.MethodDelete, "/"+strings.Join(names, ","), nil, nil)
}

// invalidate ends every API key.
func (m *member) invalidate(ctx context.Context) error {
	var ids []string
	for _, k := range m.validKeys(ctx) {
		ids = append(ids, k.ID)
	}
	if len(ids) == 0 {
		return nil
	}
	return m.call(ctx, http.MethodDelete, "/_security/api_key", map[string]any{"ids": ids}, nil)
}

// forget removes what the world before has put into the keystore.
func (m *member) forget(ctx context.Context) error {
	if len(m.secrets) == 0 {
		return nil
	}
	if err := m.real.ForgetSecrets(ctx, slices.Collect(maps.Keys(m.secrets))...); err != nil {
		return err
	}
	clear(m.secrets)
	return m.call(ctx, http.MethodPost, "/_nodes/reload_secure_settings", nil, nil)
}

// listedKey is an API key as it is listed.
type listedKey struct {
	ID, Name, Type, Username string
	Creation, Expiration     int64
	Invalidated              bool
	Metadata                 map[string]any
	Access                   struct {
		Search      []struct{ Names []string }
		Replication []struct{ Names []string }
	}
	Identity string `json:"certificate_identity"`
}

func (m *member) keys(ctx context.Context) []listedKey {
	var all struct {
		Keys []listedKey `json:"api_keys"`
	}
	if err := m.call(ctx, http.MethodGet, "/_security/api_key", nil, &all); err != nil {
		return nil
	}
	return all.Keys
}

func (m *member) validKeys(ctx context.Context) []listedKey {
	return slices.DeleteFunc(m.keys(ctx), func(k listedKey) bool { return k.Invalidated })
}

// ownRoles are the roles that somebody has made.
func (m *member) ownRoles(ctx context.Context) (map[string]cluster.Role, error) {
	var all map[string]json.RawMessage
	if err := m.call(ctx, http.MethodGet, "/_security/role", nil, &all); err != nil {
		return nil, err
	}
	out := map[string]cluster.Role{}
	for name, raw := range all {
		var about struct {
			Metadata struct {
				Reserved bool `json:"_reserved"`
			}
		}
		var role cluster.Role
		if err := errors.Join(json.Unmarshal(raw, &about), json.Unmarshal(raw, &role)); err != nil {
			return nil, fmt.Errorf("the role %s: %w", name, err)
		}
		if !about.Metadata.Reserved {
			out[name] = role
		}
	}
	return out, nil
}
