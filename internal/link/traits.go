package link

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Traits are what a policy may judge a change of a connection by: kind ("connect"), model, access, breadth, key, address, and
// of both sides platform, name and the tags asked for. The policy's documentation names them. Access that is not known,
// as of a connection made by hand, counts as the most that it could be.
func Traits(s PairState, kind string, a elastic.Access, tags []string) map[string][]string {
	t := map[string][]string{
		"kind":    {kind},
		"model":   {"api_key"},
		"key":     {"issued"},
		"breadth": {breadth(slices.Concat(a.Search, a.Replication))},
	}
	t["system"] = []string{yesNo(a.Restricted() || systemAccess(slices.Concat(a.Search, a.Replication)))}
	unknown := len(a.Search)+len(a.Replication) == 0
	if len(a.Replication) > 0 || unknown {
		t["access"] = append(t["access"], "replication")
	}
	if len(a.Search) > 0 || unknown {
		t["access"] = append(t["access"], "search")
	}
	for side, d := range map[string]elastic.Deployment{"local.": s.Local, "remote.": s.Remote} {
		unknown := d.Deployment == ""
		t[side+"platform"] = []string{cmp.Or(d.Platform, change.UnknownTrait)}
		t[side+"name"] = []string{cmp.Or(d.Given(), change.UnknownTrait)}
		t[side+"id"] = []string{cmp.Or(d.Deployment, change.UnknownTrait)}
		for _, tag := range tags {
			if value, ok := d.Tags[tag]; ok {
				t[side+"tag."+tag] = []string{value}
			} else if unknown {
				t[side+"tag."+tag] = []string{change.UnknownTrait}
			}
		}
	}
	return t
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// fixed is how many characters a pattern must begin with to be called narrow; ours.
const fixed = 3

// systemPrefixes are what names begin with that their owners did not choose: hidden and system indices, and mounted
// snapshots (Elastic's docs: "Searchable snapshots"), which hold the data of indices of any name.
var systemPrefixes = []string{".", "partial-", "restored-"}

// systemAccess reports whether patterns cover names that begin with one of systemPrefixes.
func systemAccess(patterns []string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool {
		head, wild := beforeWildcard(p)
		return slices.ContainsFunc(systemPrefixes, func(system string) bool {
			return strings.HasPrefix(head, system) || wild && strings.HasPrefix(system, head)
		})
	})
}

// breadth is that of the widest pattern: all, wide (little stands before the first wildcard, or it covers names of
// the system's) or narrow. Exclusions make nothing wider. No patterns means that they are not known.
func breadth(patterns []string) string {
	if len(patterns) == 0 || everything(patterns) {
		return "all"
	}
	for _, p := range patterns {
		head, wild := beforeWildcard(p)
		if !strings.HasPrefix(p, "-") && wild && len(head) < fixed {
			return "wide"
		}
	}
	if systemAccess(patterns) {
		return "wide"
	}
	return "narrow"
}

// TraitsOf are what a policy may judge a change of that kind to c by. Under the certificate model the local side's
// superusers read everything.
func TraitsOf(c ConnectParams, kind string, s PairState, tags []string) map[string][]string {
	t := Traits(s, kind, c.Access, tags)
	if s.KeystoreByHand() && (kind == "connect" || kind == "rotate" || kind == "migrate" || kind == "update") {
		t[traitKey] = []string{keyShown}
	}
	if s.WantsPasted() && kind == "connect" { // other changes are refused where the bot can't issue a key
		t[traitKey] = []string{keyPasted}
	}
	if c.ByCertificate() {
		t["model"], t["breadth"], t["access"] = []string{string(ModelCertificate)}, []string{"all"}, []string{"replication", "search"}
		t["system"] = []string{"yes"}
		delete(t, traitKey)
	}
	if !c.ByCertificate() {
		t["expiry"] = []string{"never"}
		if c.ExpiryDays > 0 {
			t["expiry"] = []string{strconv.Itoa(c.ExpiryDays)}
		}
	}
	if c.Trust != nil { // the local side's, of clusters of the remote one
		t["trust_all"] = []string{yesNo(c.Trust.All)}
		if len(c.Trust.Clusters) > 0 {
			t["trust_clusters"] = slices.Sorted(slices.Values(c.Trust.Clusters))
		}
	}
	t[traitUntil] = []string{UntilTrait(c.Until)}
	t[traitAddress] = []string{AddressKind(s, c)}
	for also, wanted := range map[string]bool{
		"filter": c.Filter != nil, "identity": c.Identity != nil, "restart": c.Restart, "role": c.Role != nil,
	} {
		if wanted {
			t["also"] = append(t["also"], also)
		}
	}
	slices.Sort(t["also"])
	return t
}

// TraitsOfState are those of a change of a connection that is there, which leaves it as c. What it has already is not done
// beside it.
func TraitsOfState(e ConnectionState, kind string, c ConnectParams, tags []string) map[string][]string {
	c.Identity = nil
	if e.ByCertificate() && kind != "migrate" {
		c.Model = ModelCertificate
	}
	t := TraitsOf(c, kind, e.PairState, tags)
	if m := e.Managed; m != nil && !e.HasRemote() { // what is remembered of it; its tags are not
		t["remote.platform"], t["remote.id"] = []string{m.Remote.Platform}, []string{m.Remote.Deployment}
		t["remote.name"] = []string{cmp.Or(m.givenRemoteName(), change.UnknownTrait)}
	}
	return t
}

// beforeWildcard returns what a pattern begins with, and whether more may follow. A key that was made by hand may have
// patterns that forms refuse: ? for one character, and regular expressions between slashes, of which nothing is certain.
func beforeWildcard(pattern string) (head string, wild bool) {
	if strings.HasPrefix(pattern, "/") {
		return "", true
	}
	if i := strings.IndexAny(pattern, "*?"); i >= 0 {
		return pattern[:i], true
	}
	return pattern, false
}

// Substance is a digest of what people approve of a connection: everything but the name, the id and the dates of its key.
// settings are those of the alias, and traits what the policy judges the change by. Empty where the bot can't make a key
// without people, or where there is none that ends.
func Substance(c ConnectParams, s PairState, settings map[string]string, traits map[string][]string) string {
	if c.ByCertificate() || c.ExpiryDays == 0 || s.KeystoreByHand() || s.WantsPasted() {
		return ""
	}
	lasting := maps.Clone(traits)
	delete(lasting, "kind") // a connect and a rotation differ in what is done,
	delete(lasting, "also") // and in what is done beside it
	delete(lasting, traitUntil)
	raw, err := json.Marshal(map[string]any{
		"local": c.Local, "remote": c.Remote, "alias": c.Alias, "settings": settings, "access": c.Access, "days": c.ExpiryDays,
		"identity": c.IdentityPattern(), "until": c.Until, "traits": lasting,
	})
	if err != nil { // entries of its access that are no JSON: nobody can say whether they stay the same
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
