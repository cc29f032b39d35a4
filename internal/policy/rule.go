package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Rules are a whole policy. The first rule that matches a change decides; where none does, the change is refused.
type Rules struct {
	Groups []Group
	Rules  []Rule
	Read   []string // groups whose members may look at connections and requests; none: everybody may

	fingerprint string // of Rules
}

// Group is a set of people under a name: the users named, and the members of a user group or channel. Who belongs to
// the latter is asked for whenever it matters.
type Group struct {
	Name      string
	Users     []string // Slack user ids
	UserGroup string   // id of a Slack user group; empty: none
	Channel   string   // id of a Slack channel; empty: none
	Guests    bool     // guests and people of other organizations in the channel belong to it too; a rule says so
}

// Rule says what a kind of change needs.
type Rule struct {
	Name   string
	Match  map[string][]string // by trait: patterns of which each of its values must fit one; all traits must
	Any    map[string][]string // by trait: patterns of which at least one of its values must fit one; all traits must
	Unless map[string][]string // by trait: patterns of which none may fit
	Ask    []string            // groups whose members may ask; none: everybody may
	Sides  []Side              // all of them have to approve
	// Stands: what the bot asks for by itself runs under the approval of what is there. What can't is judged by the rules
	// after this one.
	Stands bool
	// RequesterCounts lets who asked approve too.
	RequesterCounts bool
	// SeveralSides lets one person's approval count for every side that they belong to.
	SeveralSides bool
	// Guests lets guests and people of other organizations count as members of channels.
	Guests bool
	Wait   time.Duration   // until it expires
	Remind []time.Duration // after asking: when those who are missing are reminded
	Direct bool            // those who may approve are asked by direct message too
	// Confirm says whether an approval takes a second press; nil: where much is at stake (see confirms).
	Confirm *bool
	Window  *Window // when the work may begin; nil: at any time
	// Longest is how long, from the request on, a connection lasts that the rule is for: one without an end, or with a later
	// one, does not match. 0: as long as it likes.
	Longest    time.Duration
	BreakGlass *BreakGlass // lets somebody approve alone in an emergency; nil: nobody may
	// RotateBefore is how long before the end of a key the bot itself asks for its rotation; 0: it does not.
	RotateBefore time.Duration
	// AccessReview is how often people say whether a connection that the rule is for is still needed; 0: nobody is asked. It
	// has nothing to do with the review of what was approved alone, see BreakGlass.
	AccessReview time.Duration `json:",omitempty"` // rules without one have the hash that they had before there was any

	of *Rules // the policy that it is a rule of: another may come into force while Slack is asked
}

// Side is a group of which a number must approve.
type Side struct {
	Name  string // for people, such as "owners of the remote side"; empty: the group's name
	Group string
	Count int
}

// confirms reports whether an approval takes a second press: by default what can't be put back, and wide access.
func (r Rule) confirms(traits map[string][]string) bool {
	if r.Confirm != nil {
		return *r.Confirm
	}
	return slices.Contains(traits["kind"], "disconnect") || slices.Contains(traits["breadth"], "all") || slices.Contains(traits["breadth"], "wide")
}

// title is the side for people.
func (s Side) title() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Group
}

// BreakGlass lets somebody approve a connection alone and at once, in an emergency. It ends soon, and others look at it
// afterwards.
type BreakGlass struct {
	Groups  []string      // whose members may
	Longest time.Duration // from then on the connection may last
	Review  Review
}

// Review says who looks at what somebody approved alone, and by when.
type Review struct {
	Group  string
	Within time.Duration
}

// The names of sides that do what the bot can't, where a rule has one of that name.
const (
	Remote = "remote" // hands keys in
	Local  = "local"  // puts keys into keystores
)

// means reports whether a side does what is for the one of that name: any does, where the rule has none of that name.
func (r Rule) means(s Side, name string) bool {
	return s.Name == name || !slices.ContainsFunc(r.Sides, func(s Side) bool { return s.Name == name })
}

// called are the people of the sides that do what is for the one of that name, each once.
func (r Rule) called(name string, c matching) []string {
	var own matching
	for i, s := range r.Sides {
		if r.means(s, name) {
			own.sides = append(own.sides, c.sides[i])
		}
	}
	return own.candidates()
}

// groups are those of the sides.
func (r Rule) groups() []string {
	var all []string
	for _, s := range r.Sides {
		all = append(all, s.Group)
	}
	return all
}

// reviewGroups are the groups of which one has to review what somebody approved alone.
func (r Rule) reviewGroups() []string {
	if r.BreakGlass != nil {
		return []string{r.BreakGlass.Review.Group}
	}
	return r.groups()
}

// seats is how many approvals a rule takes.
func (r Rule) seats() (n int) {
	for _, s := range r.Sides {
		n += s.Count
	}
	return n
}

// asking are the rules by which people decide.
func (r Rules) asking() []Rule {
	return slices.DeleteFunc(slices.Clone(r.Rules), func(r Rule) bool { return r.Stands })
}

// Tags are the tags that the rules ask for, by key: only these need to be among a proposal's traits.
func (r Rules) Tags() []string {
	var tags []string
	for _, rule := range r.Rules {
		for _, m := range []map[string][]string{rule.Match, rule.Any, rule.Unless} {
			for name := range m {
				for _, prefix := range []string{LocalTag, RemoteTag} {
					if tag, ok := strings.CutPrefix(name, prefix); ok {
						tags = append(tags, tag)
					}
				}
			}
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// Hash names the rules: the SHA-256 of what is configured, as JSON, in which names are sorted.
func (r Rules) Hash() string {
	text, _ := json.Marshal(r) // plain data, which never fails
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// needs says which of its sides a rule lacks people for.
func (r Rule) needs(lacking map[int]int) string {
	var parts []string
	for _, i := range slices.Sorted(maps.Keys(lacking)) {
		parts = append(parts, fmt.Sprintf("%d of %s", r.Sides[i].Count, r.Sides[i].title()))
	}
	return strings.Join(parts, " and ")
}
