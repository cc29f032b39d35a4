package link

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

const (
	// MaxPatterns is how many index patterns a key may carry for search, and as many for replication. Verifying makes
	// one call for each.
	MaxPatterns     = 50
	maxPatternBytes = 255 // Elasticsearch's limit for an index name
)

// ParsePatterns reads index patterns that are separated by commas, spaces or new lines. Repeated ones count once.
func ParsePatterns(text string) []string {
	var patterns []string
	for p := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		if !slices.Contains(patterns, p) {
			patterns = append(patterns, p)
		}
	}
	return patterns
}

// CheckPattern says what is wrong with an index pattern in a key's access list, by Elasticsearch's rules for names.
func CheckPattern(p string) error {
	switch {
	case p == "":
		return errors.New("an index pattern is empty")
	case len(p) > maxPatternBytes:
		return fmt.Errorf("%.20s… is longer than the %d bytes of an index name", p, maxPatternBytes)
	case strings.Contains(p, ":"):
		return fmt.Errorf("%s: leave the cluster and the : out, the alias is put before it when searching", p)
	case p == "." || p == "..":
		return fmt.Errorf("%s is not an index pattern", p)
	case strings.HasPrefix(p, "-"):
		return fmt.Errorf("%s: exclusions (-) can't be granted, name only what may be read", p)
	case strings.ContainsAny(p[:1], "_+"):
		return fmt.Errorf("%s: an index pattern does not begin with _ or +", p)
	case strings.ToLower(p) != p:
		return fmt.Errorf("%s: index names are lower-case", p)
	}
	if i := strings.IndexFunc(p, badInPattern); i >= 0 {
		return fmt.Errorf("%s: %q can't be in an index pattern", p, []rune(p[i:])[0])
	}
	return nil
}

func badInPattern(r rune) bool {
	return strings.ContainsRune(`\/?"<>|#,`, r) || unicode.IsSpace(r) || unicode.IsControl(r)
}

// everything reports whether patterns cover every index, or may: those of a key that was made by hand can be regular
// expressions, of which nothing is certain.
func everything(patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return strings.Trim(p, "*?") == "" || strings.HasPrefix(p, "/") })
}

// Replicates is the privilege that reading for replication needs.
const Replicates = "cross_cluster_replication"
