package link_test

import (
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func TestAnEndIsReadAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 10, 9, 30, 40, 0, time.FixedZone("CET", 3600))
	for text, want := range map[string]string{
		"":                          "never",
		" never ":                   "never",
		"forever":                   "never",
		"2 weeks":                   "2026-12-24T08:30:00Z",
		"for 2 weeks":               "2026-12-24T08:30:00Z",
		"2w":                        "2026-12-24T08:30:00Z",
		"a day":                     "2026-12-11T08:30:00Z",
		"8 hours":                   "2026-12-10T16:30:00Z",
		"8h30m":                     "2026-12-10T17:00:00Z",
		"1 week 2 days":             "2026-12-19T08:30:00Z",
		"1 week, and 2 days":        "2026-12-19T08:30:00Z",
		"45 seconds":                "2026-12-10T08:31:25Z",
		"20s":                       "2026-12-10T08:31:00Z",
		"1 month":                   "2027-01-10T08:30:00Z",
		"2 Years":                   "2028-12-10T08:30:00Z",
		"2026-12-24":                "2026-12-24T23:59:00Z",
		"until 2026-12-24 18:00":    "2026-12-24T18:00:00Z",
		"2026-12-24 18:00 UTC":      "2026-12-24T18:00:00Z",
		"2026-12-24T18:00Z":         "2026-12-24T18:00:00Z",
		"2026-12-24T18:00:30+01:00": "2026-12-24T17:00:30Z",
	} {
		got, err := link.ParseUntil(text, now)
		if err != nil || link.UntilTrait(got) != want {
			t.Errorf("%q: %s, %v, and not %s", text, link.UntilTrait(got), err, want)
		}
	}
	for text, want := range map[string]string{
		"soon": "write how long", "2": "write how long", "2 fortnights": "write how long", "2026-13-01": "write how long", "-3 days": "write how long",
		"2 weeks ago": "write how long", "0 days": "write how long", "24.12.2026": "write how long", "99999 days": "write how long", "until": "write how long",
		"2026-12-09": "is in the past", "2026-12-10 08:30": "is in the past", "11 years": "at most 3650 days",
	} {
		if got, err := link.ParseUntil(text, now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

// What a form is filled in with again is read as the same moment.
func TestAnEndIsWrittenAsItIsRead(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 10, 9, 30, 0, 0, time.UTC)
	for _, end := range []time.Time{now.Add(36 * time.Hour), now.Add(40 * time.Second)} {
		if again, err := link.ParseUntil(link.SayUntil(end), now); err != nil || !again.Equal(end) {
			t.Errorf("%s: %s, %v", link.SayUntil(end), again, err)
		}
	}
}
