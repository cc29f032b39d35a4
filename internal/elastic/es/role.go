package es

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

var _ link.Roles = (*Client)(nil)

const roleCall = "/_security/role/"

// Role reads GET /_security/role/{name}; nil if there is none.
func (c *Client) Role(ctx context.Context, name string) (json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	r := request{Request: esapi.SecurityGetRoleRequest{Name: []string{name}}, name: "GET " + roleCall + name}
	if _, err := c.do(ctx, r, &all); err != nil {
		if link.IsNotFound(err) {
			return nil, nil
		}
		return nil, err
	}
	return all[name], nil
}

// PutRole sends PUT /_security/role/{name}. The role is replaced whole.
func (c *Client) PutRole(ctx context.Context, name string, role json.RawMessage) error {
	r := request{
		Request: esapi.SecurityPutRoleRequest{Name: name, Body: bytes.NewReader(role)},
		name:    "PUT " + roleCall + name, writes: true,
	}
	_, err := c.do(ctx, r, nil)
	return err
}

// DeleteRole sends DELETE /_security/role/{name}.
func (c *Client) DeleteRole(ctx context.Context, name string) error {
	r := request{Request: esapi.SecurityDeleteRoleRequest{Name: name}, name: "DELETE " + roleCall + name, writes: true}
	_, err := c.do(ctx, r, nil)
	if link.IsNotFound(err) {
		return nil
	}
	return err
}
