package link

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FieldUntil is the field of ConnectParams.Until, and LabelUntil the line of a card that shows it.
const (
	FieldUntil = "until"
	LabelUntil = "Until"
)

// untilNever are words for no end.
var untilNever = []string{"", "never", "forever", "forever", "no end", "none"}

// errUntil says what can be written.
var errUntil = errors.New("write how long, such as 2 weeks, or when it ends (UTC), such as 2026-12-24 or 2026-12-24 18:00. Leave it empty for no end")

// ParseUntil reads when a connection ends: so long from now, such as "2 weeks", or at a moment, by UTC unless it says
// otherwise; a day alone ends with it. Zero: never.
func ParseUntil(text string, now time.Time) (time.Time, error) {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	if slices.Contains(untilNever, text) {
		return time.Time{}, nil
	}
	text = strings.TrimPrefix(strings.TrimPrefix(text, "until "), "for ")
	t, ok := untilMoment(text)
	if !ok {
		t, ok = untilSpan(text, now)
	}
	if !ok {
		return time.Time{}, errUntil
	}
	return t, CheckUntil(t, now)
}

// IsUntil reports whether a text says when something ends, be it in the past.
func IsUntil(text string, now time.Time) bool {
	_, err := ParseUntil(text, now)
	return !errors.Is(err, errUntil)
}

// CheckUntil says what is wrong with an end; never is none.
func CheckUntil(t, now time.Time) error {
	switch {
	case t.IsZero():
	case !t.After(now):
		return fmt.Errorf("%s is in the past", SayUntil(t))
	case t.After(now.AddDate(0, 0, MaxExpiryDays)):
		return fmt.Errorf("at most %d days; leave it empty for no end", MaxExpiryDays)
	}
	return nil
}

// untilForms are how a moment can be written.
var untilForms = []string{
	"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02 15:04Z07:00", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00",
	time.RFC3339,
}

func untilMoment(text string) (time.Time, bool) {
	text = strings.TrimSuffix(strings.ToUpper(text), " UTC")
	for _, form := range untilForms {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), true
		}
	}
	if begins, err := time.Parse(time.DateOnly, text); err == nil {
		return begins.Add(day - time.Minute), true
	}
	return time.Time{}, false
}

// spanForm is a span: numbers with their units, as in "1 week 2 days" or 8h30m.
var (
	spanForm = regexp.MustCompile(`^([0-9]{1,4}|an?) ?([a-z]+)(,? (and )?|$|[0-9])`)
	spanUnit = map[string]time.Duration{
		"s": time.Second, "sec": time.Second, "second": time.Second, "min": time.Minute, "m": time.Minute, "minute": time.Minute,
		"h": time.Hour, "hr": time.Hour, "hour": time.Hour, "d": day, "day": day, "w": 7 * day, "week": 7 * day,
	}
)

func untilSpan(text string, now time.Time) (time.Time, bool) {
	t := now.UTC()
	for rest := text; rest != ""; {
		found := spanForm.FindStringSubmatch(rest)
		if found == nil {
			return time.Time{}, false
		}
		n, err := strconv.Atoi(found[1])
		if err != nil { // "a week"
			n = 1
		}
		unit := found[2]
		if len(unit) > 1 {
			unit = strings.TrimSuffix(unit, "s")
		}
		step, known := spanUnit[unit]
		switch {
		case known:
			t = t.Add(time.Duration(n) * step)
		case unit == "month":
			t = t.AddDate(0, n, 0)
		case unit == "y", unit == "year":
			t = t.AddDate(n, 0, 0)
		default:
			return time.Time{}, false
		}
		rest = rest[len(found[0]):]
		if glued := found[3]; glued != "" && glued[0] >= '0' && glued[0] <= '9' {
			rest = glued + rest
		}
	}
	if t.Sub(now) >= time.Hour {
		return t.Truncate(time.Minute), true // never longer than was said
	}
	return t.Truncate(time.Second), t.After(now)
}

// SayUntil is an end as people write it.
func SayUntil(t time.Time) string {
	if t.Second() != 0 {
		return t.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// UntilLine is what a card says of an end.
func UntilLine(t time.Time) string { return SayUntil(t) + ", then the bot removes it" }

// UntilTrait is an end as the policy weighs it.
func UntilTrait(t time.Time) string {
	if t.IsZero() {
		return untilNever[1]
	}
	return t.UTC().Format(time.RFC3339)
}
