package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Window is when work may begin: on some days of the week, between two times of day.
type Window struct {
	Days     []time.Weekday // on which it opens
	From, To time.Duration  // since midnight by the clock on the wall; To not after From is on the day after
	Zone     *time.Location
}

// Next returns the window that is open at now, or else the next one to open. An open one opens at now's past.
func (w Window) Next(now time.Time) (opens, closes time.Time) {
	now = now.In(w.Zone)
	for day := -1; day <= 7; day++ {
		date := time.Date(now.Year(), now.Month(), now.Day()+day, 0, 0, 0, 0, w.Zone)
		if !slices.Contains(w.Days, date.Weekday()) {
			continue
		}
		opens, closes = w.on(date)
		if now.Before(closes) {
			return opens.UTC(), closes.UTC()
		}
	}
	return now.UTC(), now.UTC() // no day at all: Check does not let it happen
}

// on is the window that opens on date. The times of day are on the wall clock, also on the days on which it is set.
func (w Window) on(date time.Time) (opens, closes time.Time) {
	at := func(days int, d time.Duration) time.Time {
		return time.Date(date.Year(), date.Month(), date.Day()+days, 0, int(d.Minutes()), 0, 0, w.Zone)
	}
	if w.To <= w.From {
		return at(0, w.From), at(1, w.To)
	}
	return at(0, w.From), at(0, w.To)
}

// String says when, for people.
func (w Window) String() string {
	days := "every day"
	if len(w.Days) < 7 {
		var names []string
		for _, d := range w.Days {
			names = append(names, d.String()[:3])
		}
		days = strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s %s–%s %s", days, clock(w.From), clock(w.To), w.Zone)
}

func clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}

// MarshalText writes the window as people read it: a time zone has no other text.
func (w Window) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// days is a span as the configuration has it.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == day:
		return "1 day"
	case d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	}
	return span(d)
}

// span is a duration without the zeros that time.Duration writes.
func span(d time.Duration) string {
	s := d.String()
	s = strings.TrimSuffix(s, "0s")
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	if s == "" {
		return "0s"
	}
	return s
}
