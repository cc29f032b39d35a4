package config

import (
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// Policy says who may ask, who approves and when, by rules. It takes the place of approvals.
type Policy struct {
	// Refresh is how long the members of a user group or channel are remembered. Default 1m. Slack lets each be asked
	// for 20 times a minute.
	Refresh Duration `yaml:"refresh"`
	// Groups are sets of people, by name.
	Groups map[string]PolicyGroup `yaml:"groups"`
	// Read are the names of the groups whose members may look at connections, plans and the history. None: everybody may.
	// Cards are seen by everybody in the channel that they are posted to.
	Read []string `yaml:"read"`
	// Rules are looked at in order; the first that matches decides. Where none does, a change is refused.
	Rules []PolicyRule `yaml:"rules"`
}

// PolicyGroup is everybody named in it or in what it names.
type PolicyGroup struct {
	// Users are Slack user ids.
	Users []string `yaml:"users"`
	// UserGroup is the id of a Slack user group, such as S0123ABCD.
	UserGroup string `yaml:"user_group"`
	// Channel is the id of a channel whose members are meant, without guests and people of other organizations unless a
	// rule says guests; the bot must be in it if it is private, and needs the scope users:read.
	Channel string `yaml:"channel"`
}

// PolicyRule is one rule.
type PolicyRule struct {
	// Name is what the audit and cards call it.
	Name string `yaml:"name"`
	// Match are patterns by trait, such as local.name: "*-prod"; every trait must fit one of its patterns, and where it
	// has several values, each of them: access: search is not for what replicates too. Traits:
	// kind (connect, update, rotate, disconnect, migrate, adopt, extend), model (api_key, certificate), access (search,
	// replication), breadth (all, wide, narrow), system (yes, no), key (issued, pasted, shown),
	// expiry (never, or days), until (never, or when the connection ends), trust_all (yes, no), trust_clusters (ids), also (filter, restart, role, identity), local.platform,
	// local.name, local.tag.<key>, and the same of remote.
	Match map[string]Patterns `yaml:"match"`
	// Any are patterns by trait, of which at least one value must fit one: access: replication is for whatever
	// replicates, and searches or not.
	Any map[string]Patterns `yaml:"any"`
	// Unless are patterns by trait, of which no value may fit one.
	Unless map[string]Patterns `yaml:"unless"`
	// Ask are the names of the groups whose members may ask. None: everybody may.
	Ask []string `yaml:"ask"`
	// Approve says who must approve: all of these. With the word "standing" in place of the list, nobody: a rotation that the
	// bot asks for by rotate_before runs under the approval of the connection, as long as nothing but the key changes, the
	// rules are the same, and those who approved may still do so; never where people paste the key or fill the keystore. For
	// everything else the rules after this one decide.
	Approve PolicyApproval `yaml:"approve"`
	// RequesterMayApprove says that the requester may be one of the approvers.
	RequesterMayApprove bool `yaml:"requester_may_approve"`
	// OnePersonSeveralSides says that one person's approval counts for every side that they belong to.
	OnePersonSeveralSides bool `yaml:"one_person_several_sides"`
	// Guests says that guests, and people of other organizations in a shared channel, count as members of a channel.
	Guests bool `yaml:"guests"`
	// Wait is how long a request waits before it expires. Default 24h.
	Wait Duration `yaml:"wait"`
	// Remind says after how long those who are missing are reminded by direct message.
	Remind []Duration `yaml:"remind"`
	// Confirm says whether an approval takes a second press. By default disconnecting and wide access do.
	Confirm *bool `yaml:"confirm"`
	// AskBy is "channel" (the card) or "dm" (the card, and a direct message to those who may approve). Default channel.
	AskBy string `yaml:"ask_by"`
	// Longest is how long a connection lasts, from the request on, that the rule is for, such as 30d. One without an end, or
	// with a later one, is for the rules after this one, whatever is to be changed of it.
	Longest Duration `yaml:"longest"`
	// RotateBefore is how long before the end of a key the bot itself asks for its rotation, such as 14d. A key that lives
	// less than twice as long is rotated from half of its life on. Nothing: people ask.
	RotateBefore Duration `yaml:"rotate_before"`
	// Review says how often people are asked whether a connection is still needed: by the rule that a new connection like it
	// would need. It is not the review of what somebody approved alone, which break_glass has.
	Review *PolicyAccessReview `yaml:"review"`
	// Window says when the work may begin; an approved request waits for it.
	Window *PolicyWindow `yaml:"window"`
	// BreakGlass says who may approve a new connection alone in an emergency, at once and outside the window; others review it
	// afterwards. Never what replicates, a connection by certificates, one to an address that the platform does not know, or one
	// for which people have to paste or upload something.
	BreakGlass *PolicyBreakGlass `yaml:"break_glass"`
}

// PolicyAccessReview says how often people are asked whether a connection is still needed.
type PolicyAccessReview struct {
	// Every is how long after its approval, or after somebody kept it, a connection is due, such as 180d.
	Every Duration `yaml:"every"`
}

// every is how often; 0: never.
func (r *PolicyAccessReview) every() time.Duration {
	if r == nil {
		return 0
	}
	return r.Every.Std()
}

// PolicyBreakGlass says who may approve alone, and who reviews it.
type PolicyBreakGlass struct {
	// Groups are the names of the groups whose members may, also what they requested themselves.
	Groups []string `yaml:"groups"`
	// Longest is how long such a connection may last from then on, 3 days at most: the request has to say when it ends. Default 4h.
	Longest Duration `yaml:"longest"`
	// Review says who looks at it afterwards.
	Review PolicyReview `yaml:"review"`
}

// PolicyReview says who looks at what somebody approved alone.
type PolicyReview struct {
	// Group is the name of the group of which one has to: not the requester, nor who approved it alone.
	Group string `yaml:"group"`
	// Within is how soon. After that, the channel and the group are told. Default 24h.
	Within Duration `yaml:"within"`
}

func (b *PolicyBreakGlass) rule() *policy.BreakGlass {
	if b == nil {
		return nil
	}
	return &policy.BreakGlass{
		Groups: b.Groups, Longest: b.Longest.Std(), Review: policy.Review{Group: b.Review.Group, Within: b.Review.Within.Std()},
	}
}

// PolicySide is a group of which a number must approve.
type PolicySide struct {
	// Group is the name of the group.
	Group string `yaml:"group"`
	// Count is how many of it. Default 1.
	Count int `yaml:"count"`
	// Side is a name for people; the one called "remote" hands keys in where the bot can't issue them, the one called
	// "local" puts keys into keystores that the bot can't write.
	Side string `yaml:"side"`

	stands bool // it is no side, see PolicyApproval
}

// PolicyApproval is who must approve: a list of sides, or the word "standing".
type PolicyApproval []PolicySide

// standing takes the place of the sides.
const standing = "standing"

// UnmarshalYAML takes a list of sides, or the word.
func (a *PolicyApproval) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode && n.Value == standing {
		*a = PolicyApproval{{Group: standing, stands: true}}
		return nil
	}
	for _, side := range n.Content { // a decoder within a decoder takes unknown fields
		for i := 0; side.Kind == yaml.MappingNode && i < len(side.Content); i += 2 {
			if field := side.Content[i]; !slices.Contains([]string{"group", "count", "side"}, field.Value) {
				return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: field %s not found in type config.PolicySide", field.Line, field.Value)}}
			}
		}
	}
	return n.Decode((*[]PolicySide)(a))
}

func (a PolicyApproval) standing() bool { return len(a) == 1 && a[0].stands }

func (a PolicyApproval) sides() []PolicySide {
	if a.standing() {
		return nil
	}
	return a
}

// PolicyWindow is when work may begin.
type PolicyWindow struct {
	// Days are some of "mon", "tue", "wed", "thu", "fri", "sat" and "sun". Default: all.
	Days []string `yaml:"days"`
	// From is the time of day at which it opens, such as "09:00".
	From string `yaml:"from"`
	// To is the time of day at which it closes; one that is not after from is on the next day.
	To string `yaml:"to"`
	// Zone is an IANA time zone such as Europe/Berlin. Default UTC.
	Zone string `yaml:"zone"`
}

// Patterns are one or several texts in which * stands for anything.
type Patterns []string

// UnmarshalYAML takes a text or a list of them.
func (p *Patterns) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*p = Patterns{n.Value}
		return nil
	}
	return n.Decode((*[]string)(p))
}

func (p *Policy) setDefaults() {
	def(&p.Refresh, Duration(time.Minute))
	for i := range p.Rules {
		r := &p.Rules[i]
		def(&r.Wait, Duration(24*time.Hour))
		def(&r.AskBy, "channel")
		for j := range r.Approve {
			def(&r.Approve[j].Count, 1)
		}
		if r.BreakGlass != nil {
			def(&r.BreakGlass.Longest, Duration(4*time.Hour))
			def(&r.BreakGlass.Review.Within, Duration(24*time.Hour))
		}
		if r.Window != nil && len(r.Window.Days) == 0 {
			r.Window.Days = slices.Clone(weekdays)
		}
	}
}
