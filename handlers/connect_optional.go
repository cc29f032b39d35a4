package handlers

import (
	"cmp"
	"context"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

const authoritiesHint = "Only for strong identity verification. The bot replaces the authorities set there, and Elasticsearch doesn't show them. " +
	"Name each file set on the remote cluster with its PEM certificates below, or write none. Empty: the bot's record."

const (
	actionLetIn = connectPrefix + "let_in"

	maxSources = 1000
)

// extraFields are what can be done beside the connection, but for the role.
func (m connectMetadata) extraFields(f connectForm) []slack.Block {
	if f.byCertificate() {
		return nil
	}
	text := func(field, label, hint string, limit int) *slack.InputBlock {
		return m.text(f, field, label, hint, limit)
	}
	var blocks []slack.Block
	if !m.NoRestart {
		blocks = append(blocks, box(link.FieldRestart, "Restart", "Restart the local deployment",
			"So that its nodes read the key. Not needed from 8.14 on", f.Restart))
	}
	blocks = append(blocks, m.identityFields(f, text)...)
	if m.Unmanaged != "" {
		blocks = append(blocks, mrkdwn.Small(m.Unmanaged))
	}
	return append(blocks, m.filterFields(f, text)...)
}

// identityFields ask for strong identity verification, or say what is missing for it.
func (m connectMetadata) identityFields(f connectForm, text input) []slack.Block {
	if !m.MayIdentify && !f.Identity {
		if m.NoSignature == "" {
			return nil
		}
		return []slack.Block{mrkdwn.Small(mrkdwn.Upper(m.NoSignature) + ".")}
	}
	blocks := []slack.Block{box(link.FieldIdentity, "Strong identity verification", "The key works only for the local cluster",
		"Its nodes sign each request with their certificate", f.Identity)}
	if !m.NoOrganization || f.Organization {
		blocks = append(blocks, box(link.FieldOrganization, "Key for the whole organization", "The key works for every cluster of the local organization",
			"Only with strong identity verification", f.Organization))
	}
	return append(blocks, several(text(link.FieldAuthorities, "Other authorities the remote cluster trusts", authoritiesHint, maxPatterns)))
}

// filterFields are what a network filter lets in. What was typed or ticked is not hidden: it is refused, with the reason.
func (m connectMetadata) filterFields(f connectForm, text input) []slack.Block {
	typed := strings.TrimSpace(f.Texts[link.FieldFilter]) != ""
	var blocks []slack.Block
	if f.FilterCluster || m.MayFilter && m.ByCluster {
		field := clusterField(f.FilterCluster)
		field.BlockID = m.block(link.FieldFilterCluster)
		blocks = append(blocks, field)
	}
	if typed || m.MayFilter && !m.ByCluster {
		blocks = append(blocks, sourcesField(text))
	}
	if len(blocks) == 0 {
		return nil
	}
	return append(blocks, firstField(f.FilterFirst))
}

// offerFilter keeps in mind which filter fits the two sides, and what it would have to let in.
func (m *connectMetadata) offerFilter(s link.PairState, f *connectForm) {
	m.ByCluster, m.Offer, m.Guessed = s.ByCluster(), "", false
	if !m.ByCluster {
		f.FilterCluster = false
	}
	if f.byCertificate() {
		return
	}
	if offer, known := s.FilterOffer(); offer != nil {
		m.Offer, m.Guessed = cmp.Or(strings.Join(offer.Sources, "\n"), s.Local.Name), !known
	}
}

// input makes a text input of a form for a field; the form fills it in and names its block.
type input func(field, label, hint string, limit int) *slack.InputBlock

func roleField(in input) *slack.InputBlock {
	return in(link.FieldRole, "Role for searching", "A new or existing role on the local cluster. Empty: none. The bot only changes roles it created.", cards.MaxRole).WithOptional(true)
}

func sourcesField(in input) *slack.InputBlock {
	return several(in(link.FieldFilter, "Addresses to allow", "IPv4 addresses or CIDRs of the local side, as seen after NAT. The bot adds a network filter for those that are missing.", maxSources))
}

func clusterField(on bool) *slack.InputBlock {
	return box(link.FieldFilterCluster, "Remote cluster filter", "Add one that allows the local cluster",
		"It names the cluster; others remain blocked", on)
}

func firstField(on bool) *slack.InputBlock {
	return box(link.FieldFilterFirst, "Block everyone else", "Add it even if it is the first filter",
		"The first filter blocks everyone else from the remote deployment", on)
}

func elsewhereField(on bool) *slack.InputBlock {
	return box(link.FieldElsewhere, "An address that the platform doesn't know", "Use it anyway",
		"The host at that address will see the key", on)
}

// optionsOf are what is asked for in these fields; nil: nothing.
func optionsOf(role, sources string, cluster, first bool) (*link.FilterOptions, *link.RoleOptions) {
	var filter *link.FilterOptions
	var r *link.RoleOptions
	if all := link.ParsePatterns(sources); len(all) > 0 || cluster {
		filter = &link.FilterOptions{Sources: all, Cluster: cluster, First: first}
	}
	if name := strings.TrimSpace(role); name != "" {
		r = &link.RoleOptions{Name: name}
	}
	return filter, r
}

// box is one thing to tick.
func box(field, label, say, about string, on bool) *slack.InputBlock {
	o := slack.NewOptionBlockObject("true", mrkdwn.Plain(say, mrkdwn.MaxOption), mrkdwn.Plain(about, mrkdwn.MaxOption))
	boxes := slack.NewCheckboxGroupsBlockElement(connectPrefix+field, o)
	if on {
		boxes.InitialOptions = []*slack.OptionBlockObject{o}
	}
	return slack.NewInputBlock(field, mrkdwn.Plain(label, 2000), nil, boxes).WithOptional(true)
}

// filterOffer offers to let the local side in, where addresses of it are shut out.
func filterOffer(m connectMetadata) []slack.Block {
	if m.Offer == "" {
		return nil
	}
	return []slack.Block{slack.NewActionBlock("filter_offer", mrkdwn.Button(actionLetIn, "let_in", "Allow the local side…"))}
}

// connectLetIn fills the addresses in that are missing, for a person to confirm.
func (h *Handlers) connectLetIn(_ context.Context, a bot.Action) (bot.Answer, error) {
	return h.redrawFrom(a, func(f *connectForm, m *connectMetadata) {
		m.More = true
		if m.ByCluster {
			f.FilterCluster = true
			m.renew(link.FieldFilterCluster, "true")
			return
		}
		all := strings.TrimSpace(f.Texts[link.FieldFilter] + "\n" + m.Offer)
		if utf8.RuneCountInString(all) > maxSources {
			m.Notes = append([]string{"Too many addresses to fill in: " + strings.ReplaceAll(m.Offer, "\n", ", ")}, m.Notes...)
			return
		}
		if m.Guessed {
			m.Notes = append([]string{"The addresses filled in are the local platform's own. After NAT, the remote side sees different ones. " +
				"The bot can't know those: check them before you submit."}, m.Notes...)
		}
		f.Texts[link.FieldFilter] = all
		m.renew(link.FieldFilter, all)
	})
}

// options are the parameters of extraFields.
func (f connectForm) options(c *link.ConnectParams) {
	if f.byCertificate() {
		return
	}
	c.Restart = f.Restart
	c.Filter, c.Role = optionsOf(f.Texts[link.FieldRole], f.Texts[link.FieldFilter], f.FilterCluster, f.FilterFirst)
	if f.Identity {
		c.Identity = &link.IdentityOptions{Organization: f.Organization, Others: strings.TrimSpace(f.Texts[link.FieldAuthorities])}
	}
}

// restoreExtras fills a form in as c's parameters beside the plain key's were, for asking again.
func (f *connectForm) restoreExtras(c link.ConnectParams, m *connectMetadata) {
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
