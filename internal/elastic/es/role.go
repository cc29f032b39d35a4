package es

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// roleCall is the path of a role. esapi takes a name as part of a path as it is, so it is escaped.
const roleCall = "/_security/role/"

// roles reads and writes roles, and reads what the credential may do.
type roles struct {
	*caller
	user string
}

type roleCalls struct{}

// Role reads GET /_security/role/{name}; nil if there is none.
func (c roles) Role(ctx context.Context, name string) (json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	r := request{Request: esapi.SecurityGetRoleRequest{Name: []string{url.PathEscape(name)}}, name: "GET " + roleCall + name}
	if _, err := c.do(ctx, r, &all); err != nil {
		if elastic.IsNotFound(err) {
			return nil, nil
		}
		return nil, err
	}
	return all[name], nil
}

func puttingRole(name string, role json.RawMessage) request {
	return request{
		Request: esapi.SecurityPutRoleRequest{Name: url.PathEscape(name), Body: bytes.NewReader(role)},
		name:    "PUT " + roleCall + name, body: role, writes: true,
	}
}

func deletingRole(name string) request {
	return request{Request: esapi.SecurityDeleteRoleRequest{Name: url.PathEscape(name)}, name: "DELETE " + roleCall + name, writes: true}
}

// PutRole describes Client.PutRole.
func (roleCalls) PutRole(name string, role json.RawMessage) change.Call {
	return puttingRole(name, role).describe()
}

// DeleteRole describes Client.DeleteRole.
func (roleCalls) DeleteRole(name string) change.Call { return deletingRole(name).describe() }

// PutRole sends PUT /_security/role/{name}. The role is replaced whole.
func (c roles) PutRole(ctx context.Context, name string, role json.RawMessage) error {
	_, err := c.do(ctx, puttingRole(name, role), nil)
	return err
}

// DeleteRole sends DELETE /_security/role/{name}.
func (c roles) DeleteRole(ctx context.Context, name string) error {
	_, err := c.do(ctx, deletingRole(name), nil)
	if elastic.IsNotFound(err) {
		return nil
	}
	return err
}
