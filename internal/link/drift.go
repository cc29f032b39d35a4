package link

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Drift says what is not as it was approved; empty if nothing is.
func (e ConnectionState) Drift() string {
	if e.Own.Empty() || e.Managed == nil {
		return "" // lost, and said so
	}
	var diff []string
	m := *e.Managed
	now := e.Own.Options(e.Alias)
	options := slices.Sorted(maps.Keys(m.Settings))
	for _, option := range slices.Sorted(maps.Keys(now)) {
		if _, ok := m.Settings[option]; !ok {
			options = append(options, option)
		}
	}
	for _, option := range options {
		if now[option] != m.Settings[option] {
			diff = append(diff, fmt.Sprintf("%s is %s and was approved as %s", option, OrDefault(now[option]), OrDefault(m.Settings[option])))
		}
	}
	for _, k := range e.Keys {
		if m.Identity != "" && k.Identity != m.Identity {
			diff = append(diff, fmt.Sprintf("the key requires certificates of %s and was approved for %s", OrDefault(k.Identity), m.Identity))
		}
		if len(k.Access.Search)+len(k.Access.Replication) > 0 && len(Grants(m.Access)) > 0 && !k.Access.Equal(m.Access) {
			diff = append(diff, fmt.Sprintf("the key may read %s and was approved for %s", AccessWords(k.Access), AccessWords(m.Access)))
		}
	}
	return strings.Join(diff, "; ")
}

// AccessWords are the patterns that may be read, and their limits.
func AccessWords(a elastic.Access) string {
	var patterns []string
	for _, g := range Grants(a) {
		patterns = append(patterns, g.Pattern)
	}
	if limits := Limits(a); limits != "" {
		return JoinWords(patterns) + " (" + limits + ")"
	}
	return JoinWords(patterns)
}
