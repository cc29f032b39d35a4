package elastic

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// MaxAlias is the longest alias that is accepted, in characters. Elasticsearch has no limit of its own; ours keeps
// the name of the keystore entry and of the key readable.
const MaxAlias = 100

// reservedAliases are words that Elasticsearch itself uses where an alias would stand (cluster.remote.node.attr,
// cluster.remote.signing.certificate_authorities).
var reservedAliases = []string{"node", "signing"}

// ProbeSuffix ends the aliases under which the bot proves new keys.
const ProbeSuffix = "-rcb-probe"

var aliasForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// CheckAlias says what is wrong with an alias, in a sentence for people. Elastic's documentation allows lower-case
// letters, digits, dashes and underscores under the API key model. A wrong name in the keystore can stop a node from
// starting, so nothing else passes.
func CheckAlias(alias string) error {
	switch {
	case alias == "":
		return errors.New("an alias is required")
	case len(alias) > MaxAlias:
		return fmt.Errorf("an alias has at most %d characters", MaxAlias)
	case !aliasForm.MatchString(alias):
		return errors.New("an alias has lower-case letters, digits, - and _, and begins with a letter or digit")
	case strings.HasSuffix(alias, ProbeSuffix):
		return fmt.Errorf("aliases that end in %s are reserved: the bot tests new keys with them; choose another alias", ProbeSuffix)
	case slices.Contains(reservedAliases, alias):
		return fmt.Errorf("%q has a special meaning in Elasticsearch's settings; choose another alias", alias)
	}
	return nil
}

// SuggestAlias makes an alias of a deployment's name that is not among the taken ones.
func SuggestAlias(name string, taken func(string) bool) string {
	base := slug(name)
	for strings.HasSuffix(base, ProbeSuffix) {
		base = strings.TrimRight(strings.TrimSuffix(base, ProbeSuffix), "-_")
	}
	if base == "" || slices.Contains(reservedAliases, base) {
		base = "remote"
	}
	alias := base
	for n := 2; taken(alias); n++ {
		alias = fmt.Sprintf("%s-%d", base, n)
	}
	return alias
}

// slug is name in the characters of an alias, with room for a number at its end.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			b.WriteRune(r)
		case !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s := strings.Trim(b.String(), "-_")
	const room = 5
	if len(s) > MaxAlias-room {
		s = strings.TrimRight(s[:MaxAlias-room], "-_")
	}
	return s
}

// RemotePrefix begins the name of every setting and keystore entry of a remote cluster.
const RemotePrefix = "cluster.remote."

// AliasOf returns the alias that a setting or keystore entry belongs to; false for those of the cluster as a whole,
// such as cluster.remote.initial_connect_timeout.
func AliasOf(setting string) (string, bool) {
	rest, ok := strings.CutPrefix(setting, RemotePrefix)
	if !ok {
		return "", false
	}
	alias, name, ok := strings.Cut(rest, ".")
	if !ok || alias == "" || name == "" || slices.Contains(reservedAliases, alias) {
		return "", false
	}
	return alias, true
}

// CredentialsName is the keystore entry that holds an alias's key. Its presence decides that the connection uses the
// API key model.
func CredentialsName(alias string) string { return RemotePrefix + alias + ".credentials" }
