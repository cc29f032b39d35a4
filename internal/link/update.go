package link

import (
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// UpdateParams are the parameters of an update: everything as it is to be.
type UpdateParams struct {
	Local           elastic.Ref    `json:"local"`
	Alias           string         `json:"alias"`
	ProxyAddress    string         `json:"proxy_address"`
	ServerName      string         `json:"server_name"`
	Elsewhere       bool           `json:"elsewhere,omitempty"` // as of ConnectParams
	Access          elastic.Access `json:"access"`
	SkipUnavailable bool           `json:"skip_unavailable"`
	ProxySockets    int            `json:"proxy_sockets,omitempty"`
	Compress        string         `json:"compress,omitempty"`
	Scheme          string         `json:"compression_scheme,omitempty"`
	PingSchedule    string         `json:"ping_schedule,omitempty"`

	Filter *FilterOptions `json:"filter,omitempty"` // a network filter to add; nil: none
	Role   *RoleOptions   `json:"role,omitempty"`   // a role to write on the local cluster; nil: none
}

// PrefillUpdate is an update that would change nothing.
func PrefillUpdate(e ConnectionState) UpdateParams {
	c := e.Params()
	u := UpdateParams{
		Local: c.Local, Alias: c.Alias, ProxyAddress: c.ProxyAddress, ServerName: c.ServerName, Access: c.Access,
		SkipUnavailable: c.SkipUnavailable, ProxySockets: c.ProxySockets, Compress: c.Compress, Scheme: c.Scheme, PingSchedule: c.PingSchedule,
	}
	for _, k := range e.Keys {
		if len(k.Access.Search)+len(k.Access.Replication) > 0 {
			u.Access = k.Access // what the key really may, which somebody else may have changed
		}
	}
	return u
}

// Connect returns the connection as the update makes it.
func (p UpdateParams) Connect(e ConnectionState) ConnectParams {
	c := e.Params()
	c.ProxyAddress, c.ServerName, c.Access = strings.TrimSpace(p.ProxyAddress), strings.TrimSpace(p.ServerName), p.Access
	c.Elsewhere = p.Elsewhere || c.sameAddress(e.Params()) // where it is already, it was said
	c.SkipUnavailable, c.ProxySockets = p.SkipUnavailable, p.ProxySockets
	c.Compress, c.Scheme, c.PingSchedule = p.Compress, p.Scheme, p.PingSchedule
	c.Filter, c.Role = p.Filter, p.Role
	return c
}

// OrDefault stands "default" for nothing.
func OrDefault(s string) string {
	if s == "" || s == "0" {
		return "(none)"
	}
	return s
}
