// Package export writes the managed connections down for other tools: as data, as a picture, as Terraform. It does no
// I/O but to the writer that it is given, and no secret passes through it.
package export

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

// Side is a deployment of a connection.
type Side struct {
	Platform   string `json:"platform"`
	Deployment string `json:"deployment"` // its id
	Name       string `json:"name"`
}

// Connection is a managed connection with who decided about it.
type Connection struct {
	Local       Side              `json:"local"`
	Remote      Side              `json:"remote"`
	Alias       string            `json:"alias"`
	Model       link.Model        `json:"model"`
	Search      []string          `json:"search"`      // index patterns
	Replication []string          `json:"replication"` // index patterns
	Limits      json.RawMessage   `json:"limits,omitempty"`
	KeyName     string            `json:"key_name,omitempty"`
	KeyExpires  time.Time         `json:"key_expires,omitzero"` // zero: never, or not known
	Until       time.Time         `json:"until,omitzero"`       // when the bot removes it; zero: never
	Settings    map[string]string `json:"settings"`             // by option, as approved
	Role        string            `json:"role,omitempty"`       // that the bot wrote on the local cluster
	Filter      *Filter           `json:"filter,omitempty"`     // that the bot added to the remote deployment
	Adopted     bool              `json:"adopted"`
	Requester   string            `json:"requester"`          // who asked for it at first: a Slack user
	Made        time.Time         `json:"made,omitzero"`      // zero: before what the audit keeps
	ChangedBy   string            `json:"changed_by"`         // who asked for the last change
	Changed     time.Time         `json:"changed"`            //
	Request     string            `json:"request"`            // of the last change
	Approvers   []string          `json:"approvers"`          // of the last change; null: before what the audit keeps
	State       diagnose.State    `json:"state"`              // as the last check found it
	Checked     time.Time         `json:"checked,omitzero"`   // zero: not since its last change
	Problems    []string          `json:"problems,omitempty"` // that the last check found, in words
}

// Filter is a network filter that the bot added.
type Filter struct {
	Name    string   `json:"name"`
	Sources []string `json:"sources"`
}

// Of is a connection as it is remembered. Who approved it, and how it is, are for the caller to add.
func Of(m link.ManagedConnection) Connection {
	c := Connection{
		Local:  Side{m.Local.Platform, m.Local.Deployment, cmp.Or(m.LocalName, m.Local.Deployment)},
		Remote: Side{m.Remote.Platform, m.Remote.Deployment, cmp.Or(m.RemoteName, m.Remote.Deployment)},
		Alias:  m.Alias, Model: link.ModelKey, Limits: m.Access.Entries,
		Search: append([]string{}, m.Access.Search...), Replication: append([]string{}, m.Access.Replication...),
		KeyName: m.KeyName, KeyExpires: m.KeyExpires(), Until: m.Until, Settings: m.Settings, Role: m.Role, Adopted: m.Adopted,
		Requester: m.Maker(), ChangedBy: m.Record.By.User, Changed: m.Record.At, Request: m.Record.Request, State: diagnose.StateUnchecked,
	}
	if m.FirstRequest == "" || m.FirstRequest == m.Record.Request {
		c.Made = m.Record.At
	}
	if m.KeyName == "" && (m.Trust != nil || link.IsTransportPort(m.Settings["proxy_address"])) {
		c.Model = link.ModelCertificate
	}
	if m.Ruleset != "" {
		c.Filter = &Filter{Name: m.Ruleset, Sources: m.FilterSources}
	}
	return c
}

// Sort puts connections into the order in which they are written.
func Sort(all []Connection) {
	slices.SortFunc(all, func(a, b Connection) int {
		return cmp.Or(
			cmp.Compare(a.Local.Platform, b.Local.Platform), cmp.Compare(a.Local.Name, b.Local.Name),
			cmp.Compare(a.Local.Deployment, b.Local.Deployment), cmp.Compare(a.Alias, b.Alias),
		)
	})
}

// JSON writes a list of objects.
func JSON(w io.Writer, all []Connection) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(append([]Connection{}, all...))
}

// unknown stands in a table for what is not known, which is not the same as nothing.
const unknown = "unknown"

// CSV writes a line for each connection. Lists are separated by spaces.
func CSV(w io.Writer, all []Connection) error {
	out := csv.NewWriter(w)
	rows := [][]string{{
		"local_platform", "local_id", "local", "remote_platform", "remote_id", "remote", "alias", "model", "search", "replication", "limited",
		"key_name", "key_expires", "until", "adopted", "requester", "made", "changed_by", "changed", "request", "approvers", "state", "checked", "problems",
	}}
	for _, c := range all {
		approvers := unknown
		if c.Approvers != nil {
			approvers = strings.Join(c.Approvers, " ")
		}
		made := cmp.Or(moment(c.Made), unknown)
		rows = append(rows, []string{
			c.Local.Platform, c.Local.Deployment, c.Local.Name, c.Remote.Platform, c.Remote.Deployment, c.Remote.Name, c.Alias, string(c.Model),
			strings.Join(c.Search, " "), strings.Join(c.Replication, " "), strconv.FormatBool(len(c.Limits) > 0),
			c.KeyName, moment(c.KeyExpires), moment(c.Until), strconv.FormatBool(c.Adopted), c.Requester, made, c.ChangedBy, moment(c.Changed), c.Request,
			approvers, string(c.State), moment(c.Checked), strings.Join(c.Problems, " "),
		})
	}
	for _, row := range rows {
		for i := range row {
			row[i] = Inert(row[i])
		}
	}
	return out.WriteAll(rows)
}

// Inert keeps a spreadsheet from taking what somebody typed as a formula.
func Inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
