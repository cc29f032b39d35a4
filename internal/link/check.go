package link

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// compressions are what transport.compress may be.
var compressions = []string{"", "true", "indexing_data", "false"}

// schemes are what transport.compression_scheme may be.
var schemes = []string{"", "lz4", "deflate"}

// timeForm is a time as Elasticsearch reads it; -1 switches the pings off.
var timeForm = regexp.MustCompile(`^(-1|[0-9]+(nanos|micros|ms|s|m|h|d))$`)

// Check looks at the parameters alone, not at the world. It returns nil or a *change.InvalidError with everything
// that is wrong, by field.
func (c ConnectParams) Check() error {
	var wrong change.InvalidError
	c.checkSides(&wrong)
	checkTrust(c, &wrong)
	checkFilter(c, &wrong)
	checkRole(c, &wrong)
	checkIdentity(c, &wrong)
	note(&wrong, FieldAlias, elastic.CheckAlias(c.Alias))
	note(&wrong, FieldAddress, checkAddressOf(c.Model, c.ProxyAddress))
	note(&wrong, FieldServerName, elastic.CheckServerName(c.ServerName))
	c.CheckAccess(&wrong)
	if c.ExpiryDays < 0 || c.ExpiryDays > MaxExpiryDays {
		wrong.Add(FieldExpiry, "the key expires after 1 to %d days; 0 is never", MaxExpiryDays)
	}
	if c.ProxySockets < 0 || c.ProxySockets > MaxProxySockets {
		wrong.Add(FieldSockets, "between 1 and %d connections; 0 leaves it to Elasticsearch", MaxProxySockets)
	}
	if !slices.Contains(compressions, c.Compress) {
		wrong.Add(FieldCompress, "compression is true, indexing_data or false")
	}
	if !slices.Contains(schemes, c.Scheme) {
		wrong.Add(FieldScheme, "the compression scheme is lz4 or deflate")
	}
	if c.PingSchedule != "" && !timeForm.MatchString(c.PingSchedule) {
		wrong.Add(FieldPing, "a time such as 30s, or -1 for off")
	}
	return wrong.Check()
}

func (c ConnectParams) checkSides(wrong *change.InvalidError) {
	if c.Local.Platform == "" || c.Local.Deployment == "" {
		wrong.Add(FieldLocal, "choose the deployment that will search")
	}
	if c.Remote.Platform == "" || c.Remote.Deployment == "" {
		wrong.Add(FieldRemote, "choose the deployment that will be searched")
	}
	if c.Local == c.Remote && c.Local != (elastic.Ref{}) {
		wrong.Add(FieldRemote, "a cluster can't be connected to itself")
	}
}

// CheckAccess says what is wrong with the patterns that may be read.
func (c ConnectParams) CheckAccess(wrong *change.InvalidError) {
	if len(c.Access.Search) == 0 && len(c.Access.Replication) == 0 && !c.ByCertificate() {
		wrong.Add(FieldSearch, "name the indices that the key may search or replicate")
	}
	CheckPatterns(wrong, FieldSearch, c.Access.Search)
	CheckPatterns(wrong, FieldReplication, c.Access.Replication)
}

// CheckPatterns says what is wrong with patterns of a field.
func CheckPatterns(wrong *change.InvalidError, field string, patterns []string) {
	if len(patterns) > MaxPatterns {
		wrong.Add(field, "at most %d index patterns", MaxPatterns)
		return
	}
	for _, p := range patterns {
		note(wrong, field, CheckPattern(p))
	}
}

func note(wrong *change.InvalidError, field string, err error) {
	if err != nil {
		wrong.Problems = append(wrong.Problems, change.Problem{Field: field, Say: err.Error()})
	}
}

const (
	// MaxPatterns is how many index patterns a key may carry for search, and as many for replication. Verifying makes
	// one call for each.
	MaxPatterns     = 50
	maxPatternBytes = 255 // Elasticsearch's limit for an index name
)

// quotes are what people, phones and documents put around a text.
const quotes = `"'“”„‟‘’‚‛«»`

// ParsePatterns reads index patterns that are separated by commas, spaces or new lines. Repeated ones count once; quotes
// around one, of any kind, are no part of it.
func ParsePatterns(text string) []string {
	var patterns []string
	for p := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		p = strings.Trim(p, quotes)
		if p != "" && !slices.Contains(patterns, p) {
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
		return fmt.Errorf("%s: leave out the cluster and the colon; searches add the alias", p)
	case p == "." || p == "..":
		return fmt.Errorf("%s is not an index pattern", p)
	case strings.HasPrefix(p, "-"):
		return fmt.Errorf("%s: exclusions (-) can't be granted; name only what may be read", p)
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
