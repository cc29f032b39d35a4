package forms

import (
	"errors"
	"maps"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// ByCertificate reports whether the connection would use TLS certificates and no API key.
func (f Connect) ByCertificate() bool { return f.Model == string(link.ModelCertificate) }

// trustOptions reads the fields of the certificate model.
func (f Connect) trustOptions() *link.TrustOptions {
	t := &link.TrustOptions{
		LocalScope: strings.TrimSpace(f.Texts[link.FieldLocalScope]), RemoteScope: strings.TrimSpace(f.Texts[link.FieldRemoteScope]),
		All: f.TrustAll, Regions: link.ParsePatterns(f.Texts[link.FieldRegions]),
	}
	if !t.All { // the hint says that the list does not count then
		t.Clusters = link.ParsePatterns(f.Texts[link.FieldClusters])
	}
	return t
}

// named puts the names of the chosen deployments in the place of their ids.
func (f Connect) named(say string) string {
	for _, o := range []bot.Option{f.Local, f.Remote} {
		name, _, _ := strings.Cut(o.Text, " · ")
		if _, id, ok := strings.Cut(o.Value, "/"); ok && name != "" {
			say = strings.ReplaceAll(strings.ReplaceAll(say, o.Value, name), id, name)
		}
	}
	return say
}

// options are the parameters of ExtraFields.
func (f Connect) options(c *link.ConnectParams) {
	if f.ByCertificate() {
		return
	}
	c.Restart = f.Restart
	c.Filter, c.Role = optionsOf(f.Texts[link.FieldRole], f.Texts[link.FieldFilter], f.FilterCluster, f.FilterFirst)
	if f.Identity {
		c.Identity = &link.IdentityOptions{Organization: f.Organization, Others: strings.TrimSpace(f.Texts[link.FieldAuthorities])}
	}
}

// Connect is what is filled in.
type Connect struct {
	Local, Remote bot.Option
	Texts         map[string]string // by field: the typed ones, and the chosen options' values
	Skip          bool
	Model         string // of link.Model; empty: API key
	TrustAll      bool
	FilterCluster bool
	FilterFirst   bool
	Restart       bool
	Identity      bool
	Elsewhere     bool
	Organization  bool // with Identity: of every cluster of the local side's organization

	Drawn int64 // when the modal was drawn, in seconds: spans count from then
}

// ConnectMetadata travels in the modal's private_metadata: what Slack's state doesn't tell. It holds nothing secret.
type ConnectMetadata struct {
	Drawn          int64             `json:"drawn,omitempty"`           // when, in seconds
	Channel        string            `json:"channel,omitempty"`         // where the command was typed
	Parent         string            `json:"parent,omitempty"`          // the request that this one takes the place of
	Blocks         map[string]string `json:"blocks,omitempty"`          // by field: the block id, where it is not the field's name
	Filled         map[string]string `json:"filled,omitempty"`          // by field: what the bot filled in last
	Pair           string            `json:"pair,omitempty"`            // the deployments that it was filled in for
	More           bool              `json:"more,omitempty"`            // the advanced settings are shown
	Kept           map[string]string `json:"kept,omitempty"`            // by field: what is filled in where nothing is shown just now
	Model          string            `json:"model,omitempty"`           // of link.Model, while its choice is hidden
	Keys           bool              `json:"keys,omitempty"`            // both sides could use an API key
	Certificates   bool              `json:"certificates,omitempty"`    // only certificates can be used
	Offer          string            `json:"offer,omitempty"`           // what the remote's network filters should let in: addresses, or the cluster
	ByCluster      bool              `json:"by_cluster,omitempty"`      // a filter lets the local side in as the cluster that it is
	Guessed        bool              `json:"guessed,omitempty"`         // nobody has said that these are the addresses
	MayFilter      bool              `json:"may_filter,omitempty"`      // the bot may add network filters to the remote deployment
	NoRestart      bool              `json:"no_restart,omitempty"`      // nobody restarts the local deployment for the bot
	MayIdentify    bool              `json:"may_identify,omitempty"`    // both sides can do strong identity verification
	Unmanaged      string            `json:"unmanaged,omitempty"`       // what no platform does for the two sides
	NoOrganization bool              `json:"no_organization,omitempty"` // the local cluster belongs to none
	NoSignature    string            `json:"no_signature,omitempty"`    // why that is not offered, where the owners of the local side can change it
	Private        string            `json:"private,omitempty"`         // what is known of private addresses of the remote deployment
	Notes          []string          `json:"notes,omitempty"`           // what the survey warned of
}

// filledFields are those that the bot fills in under both models.
var filledFields = []string{link.FieldAlias, link.FieldAddress, link.FieldServerName}

// NewConnect is the form as it opens.
func NewConnect() Connect {
	return Connect{Skip: true, Texts: map[string]string{link.FieldExpiry: DefaultExpiry}}
}

// ReadConnect reads what Slack says is filled in; hidden fields come from the memory.
func ReadConnect(s bot.State, m ConnectMetadata) Connect {
	f := Connect{Texts: map[string]string{}, Model: m.Model, Drawn: m.Drawn}
	if !m.More { // they are hidden, and not kept where they are as they were filled in
		for _, field := range filledFields {
			f.Texts[field] = m.Filled[field]
		}
	}
	maps.Copy(f.Texts, m.Kept)
	for field, on := range f.boxes() {
		*on = m.Kept[field] != ""
		delete(f.Texts, field)
	}
	for block, actions := range s {
		field, _, _ := strings.Cut(block, ":")
		for _, v := range actions {
			switch field {
			case link.FieldLocal:
				f.Local = v.Option
			case link.FieldRemote:
				f.Remote = v.Option
			case link.FieldSkip:
				f.Skip = len(v.Options) > 0
			case link.FieldTrustAll:
				f.TrustAll = len(v.Options) > 0
			case link.FieldFilterCluster:
				f.FilterCluster = len(v.Options) > 0
			case link.FieldFilterFirst:
				f.FilterFirst = len(v.Options) > 0
			case link.FieldRestart:
				f.Restart = len(v.Options) > 0
			case link.FieldElsewhere:
				f.Elsewhere = len(v.Options) > 0
			case link.FieldIdentity:
				f.Identity = len(v.Options) > 0
			case link.FieldOrganization:
				f.Organization = len(v.Options) > 0
			case link.FieldModel:
				f.Model = v.Option.Value
				if f.Model != string(link.ModelCertificate) {
					f.Model = ""
				}
			case link.FieldRole:
				if f.Texts[field] = v.Option.Value; v.Option.Value == NoRole {
					f.Texts[field] = ""
				}
			case link.FieldExpiry, link.FieldCompress, link.FieldScheme:
				f.Texts[field] = v.Option.Value
			default:
				f.Texts[field] = v.Text
			}
		}
	}
	return f
}

// Pair names the two chosen deployments; empty as long as they are not both chosen.
func (f Connect) Pair() string {
	if f.Local.Value == "" || f.Remote.Value == "" || isDown(f.Local) || isDown(f.Remote) {
		return ""
	}
	pair := f.Local.Value + ">" + f.Remote.Value
	if f.ByCertificate() {
		pair += " by certificate"
	}
	return pair
}

func isDown(o bot.Option) bool { return strings.HasPrefix(o.Value, DownPrefix) }

// Params is the form as parameters, with everything that is wrong with it.
func (f Connect) Params() (link.ConnectParams, *change.InvalidError) {
	var wrong change.InvalidError
	c := link.ConnectParams{
		Local:        chosen(&wrong, link.FieldLocal, f.Local),
		Remote:       chosen(&wrong, link.FieldRemote, f.Remote),
		Alias:        strings.TrimSpace(f.Texts[link.FieldAlias]),
		ProxyAddress: strings.TrimSpace(f.Texts[link.FieldAddress]),
		ServerName:   strings.TrimSpace(f.Texts[link.FieldServerName]),
		Access: elastic.Access{
			Search:      link.ParsePatterns(f.Texts[link.FieldSearch]),
			Replication: link.ParsePatterns(f.Texts[link.FieldReplication]),
		},
		Until:           until(&wrong, f.Texts[link.FieldUntil], f.Drawn),
		ExpiryDays:      number(&wrong, link.FieldExpiry, f.Texts[link.FieldExpiry]),
		Elsewhere:       f.Elsewhere,
		SkipUnavailable: f.Skip,
		ProxySockets:    number(&wrong, link.FieldSockets, f.Texts[link.FieldSockets]),
		PingSchedule:    strings.TrimSpace(f.Texts[link.FieldPing]),
	}
	if v := f.Texts[link.FieldCompress]; v != byDefault {
		c.Compress = v
	}
	if v := f.Texts[link.FieldScheme]; v != byDefault {
		c.Scheme = v
	}
	f.options(&c)
	if c.Identity == nil && !f.ByCertificate() && f.Texts[link.FieldAuthorities] != "" {
		wrong.Add(link.FieldAuthorities, "this applies only to strong identity verification: select that, or leave this empty")
	}
	if c.Identity == nil && !f.ByCertificate() && f.Organization {
		wrong.Add(link.FieldOrganization, "this applies only to strong identity verification: select that, or leave this empty")
	}
	if f.ByCertificate() {
		c.Model, c.Trust, c.ExpiryDays, c.Access.Replication = link.ModelCertificate, f.trustOptions(), 0, nil
	}
	if strings.TrimSpace(f.Texts[link.FieldReason]) == "" {
		wrong.Add(link.FieldReason, "say what it is for: approvers need to know")
	}
	if more, ok := errors.AsType[*change.InvalidError](c.Check()); ok {
		for _, p := range more.Problems {
			if !hasProblem(&wrong, p.Field) { // ours says more
				wrong.Problems = append(wrong.Problems, p)
			}
		}
	}
	return c, &wrong
}

func hasProblem(e *change.InvalidError, field string) bool {
	for _, p := range e.Problems {
		if p.Field == field {
			return true
		}
	}
	return false
}

func chosen(wrong *change.InvalidError, field string, o bot.Option) elastic.Ref {
	if isDown(o) {
		wrong.Add(field, "this platform doesn't answer right now, so its deployments can't be chosen; try again in a moment")
		return elastic.Ref{}
	}
	if o.Value == "" {
		return elastic.Ref{} // Check says it
	}
	ref, err := elastic.ParseRef(o.Value)
	if err != nil {
		wrong.Add(field, "choose a deployment from the list")
	}
	return ref
}

// boxes are the fields that can be ticked and may be hidden.
func (f *Connect) boxes() map[string]*bool {
	return map[string]*bool{
		link.FieldRestart: &f.Restart, link.FieldFilterFirst: &f.FilterFirst, link.FieldTrustAll: &f.TrustAll,
		link.FieldIdentity: &f.Identity, link.FieldFilterCluster: &f.FilterCluster, link.FieldSkip: &f.Skip,
		link.FieldElsewhere: &f.Elsewhere, link.FieldOrganization: &f.Organization,
	}
}
