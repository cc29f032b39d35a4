package link

import "testing"

// Forms refuse such patterns, but a key that is adopted may have them.
func TestPatternsOfKeysMadeByHandAreJudgedByWhatTheyMayCover(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]struct {
		breadth string
		system  bool
	}{
		"?security*":     {"wide", true},
		`/\.sec.*/`:      {"all", true},
		"/metrics-.*/":   {"all", true},
		"metrics-?":      {"narrow", false},
		"metrics-host-*": {"narrow", false},
		".?ecurity":      {"wide", true},
	} {
		if got := breadth([]string{pattern}); got != want.breadth {
			t.Errorf("%s is %s, want %s", pattern, got, want.breadth)
		}
		if got := systemAccess([]string{pattern}); got != want.system {
			t.Errorf("%s covers system indices: %t, want %t", pattern, got, want.system)
		}
	}
}
