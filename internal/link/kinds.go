package link

import (
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// KindAdopt asks to take a connection that was made by hand under management. It changes no cluster.
const KindAdopt change.Kind = "link.adopt"

// KindConnect asks for a new connection under the API key model.
const KindConnect change.Kind = "link.connect"

// KindDisconnect asks for the end of a connection.
const KindDisconnect change.Kind = "link.disconnect"

// KindExtend asks for another end of a connection, or for none. It changes no cluster.
const KindExtend change.Kind = "link.extend"

// KindMigrate asks to take connections from certificates to API keys under the same aliases.
const KindMigrate change.Kind = "link.migrate"

// KindRotate asks for a new key in place of a connection's old one.
const KindRotate change.Kind = "link.rotate"

// KindUpdate asks for other access or settings of a connection.
const KindUpdate change.Kind = "link.update"

// AdoptParams are the parameters of an adoption. The key's name and access can't be read from the local side.
type AdoptParams struct {
	Local   elastic.Ref    `json:"local"`
	Alias   string         `json:"alias"`
	Access  elastic.Access `json:"access"`
	KeyName string         `json:"key_name,omitempty"`
}

// DisconnectParams are the parameters of a disconnect.
type DisconnectParams struct {
	Local elastic.Ref `json:"local"`
	Alias string      `json:"alias"`

	// Until is the end that was approved, where the bot asks by itself; zero: people ask.
	Until time.Time `json:"until,omitzero"`
}

// ExtendParams are the parameters of an extension.
type ExtendParams struct {
	Local elastic.Ref `json:"local"`
	Alias string      `json:"alias"`
	Until time.Time   `json:"until,omitzero"` // zero: forever
}

// MaxMigrated is how many aliases may be migrated at once: approvers have to see all that happens to each of them.
const MaxMigrated = 15

// EveryAlias stands in the target of a change that concerns several aliases of a deployment.
const EveryAlias = "*"

// FieldPause is the field of MigrateParams.Pause.
const FieldPause = "pause"

// MigrateParams are the parameters of a migration. Several aliases go together: one that can't be moved takes the others
// back, so that a deployment is never left half on one model and half on the other.
type MigrateParams struct {
	Local      elastic.Ref    `json:"local"`
	Aliases    []string       `json:"aliases"`
	Access     elastic.Access `json:"access"` // of each key
	ExpiryDays int            `json:"expiry_days"`
	Pause      bool           `json:"pause,omitempty"` // what runs through the aliases is paused meanwhile
}

// AccessWarnings are those of a connect for each of the keys.
func (p MigrateParams) AccessWarnings() []string {
	var w WarningList
	if everything(p.Access.Search) {
		w.Add("Each key may search every index of its remote cluster (*).")
	}
	if everything(p.Access.Replication) {
		w.Add("Each key may replicate every index of its remote cluster (*).")
	}
	if p.ExpiryDays == 0 {
		w.Add("The keys never expire.")
	}
	return w
}

// Target is what is held: several aliases hold the deployment's migration as a whole, see Each.
func (p MigrateParams) Target() string {
	if len(p.Aliases) == 1 {
		return Target(p.Local, p.Aliases[0])
	}
	return Target(p.Local, EveryAlias)
}

// Each are the aliases that are held together, which nobody else changes while they are.
func (p MigrateParams) Each() []string {
	if len(p.Aliases) == 1 {
		return nil
	}
	var all []string
	for _, a := range p.Aliases {
		all = append(all, Target(p.Local, a))
	}
	return all
}

// RotateParams are the parameters of a rotation.
type RotateParams struct {
	Local      elastic.Ref `json:"local"`
	Alias      string      `json:"alias"`
	ExpiryDays int         `json:"expiry_days"` // of the new key; 0: never
}

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
	c.Elsewhere = p.Elsewhere || sameAddress(c, e.Params()) // where it is already, it was said
	c.SkipUnavailable, c.ProxySockets = p.SkipUnavailable, p.ProxySockets
	c.Compress, c.Scheme, c.PingSchedule = p.Compress, p.Scheme, p.PingSchedule
	c.Filter, c.Role = p.Filter, p.Role
	return c
}
