package forms

import (
	"maps"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// RestoreExtras fills a form in as c's parameters beside the plain key's were, for asking again.
func (f *Connect) RestoreExtras(c link.ConnectParams, m *ConnectMetadata) {
	if c.Model == link.ModelCertificate && c.Trust != nil {
		f.Model, m.Model, m.Keys = string(c.Model), string(c.Model), true
		f.Texts[link.FieldExpiry] = ""
		maps.Copy(f.Texts, trustSuggestions(*c.Trust))
		f.TrustAll, f.Texts[link.FieldRegions] = c.Trust.All, strings.Join(c.Trust.Regions, " ")
	}
	f.Restart, f.Identity = c.Restart, c.Identity != nil
	if f.Identity {
		f.Texts[link.FieldAuthorities], f.Organization = c.Identity.Others, c.Identity.Organization
	}
	m.MayIdentify = f.Identity // they could then; the plan asks again
	f.Elsewhere = c.Elsewhere
	m.More = c.Elsewhere || c.Restart || c.Filter != nil || f.Identity
	if c.Role != nil {
		f.Texts[link.FieldRole] = c.Role.Name
	}
	if c.Filter != nil {
		f.Texts[link.FieldFilter], f.FilterFirst = strings.Join(c.Filter.Sources, "\n"), c.Filter.First
		f.FilterCluster, m.ByCluster = c.Filter.Cluster, c.Filter.Cluster
		m.MayFilter = true // it was allowed then; the plan asks again
	}
}

// ConnectOf is the form as r's parameters fill it in.
func ConnectOf(r *change.Request, c link.ConnectParams) Connect {
	f := NewConnect()
	f.Local = bot.Option{Value: c.Local.String(), Text: cards.FieldOf(r, "Local", c.Local.Deployment)}
	f.Remote = bot.Option{Value: c.Remote.String(), Text: cards.FieldOf(r, "Remote", c.Remote.Deployment)}
	f.Skip = c.SkipUnavailable
	f.Texts = map[string]string{
		link.FieldAlias: c.Alias, link.FieldAddress: c.ProxyAddress, link.FieldServerName: c.ServerName,
		link.FieldSearch:      strings.Join(c.Access.Search, "\n"),
		link.FieldReplication: strings.Join(c.Access.Replication, "\n"),
		link.FieldExpiry:      strconv.Itoa(c.ExpiryDays),
		link.FieldCompress:    c.Compress, link.FieldScheme: c.Scheme, link.FieldPing: c.PingSchedule, link.FieldReason: r.Reason,
	}
	if !c.Until.IsZero() {
		f.Texts[link.FieldUntil] = link.SayUntil(c.Until)
	}
	if c.ProxySockets > 0 {
		f.Texts[link.FieldSockets] = strconv.Itoa(c.ProxySockets)
	}
	return f
}
