package cards

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// ConnectionPrefix begins the action of a button that opens something about a connection; a subcommand follows.
const ConnectionPrefix = "connection."

// How long the names of a connection may be; longer ones are cut where they are shown, too.
const (
	MaxAlias   = 100
	MaxRole    = 100
	MaxAddress = 270 // a host name of 253 bytes, and a port
)

// Ref is what a button carries: the request that its card showed, and in which version.
type Ref struct {
	ID      string
	Version int64
}

var requestID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// String returns "id:version", the form that parseCardRef reads.
func (s Ref) String() string { return s.ID + ":" + strconv.FormatInt(s.Version, 10) }

// ParseRef reads a button's value; it takes nothing but what String writes.
func ParseRef(value string) (Ref, error) {
	id, number, _ := strings.Cut(value, ":")
	version, err := strconv.ParseInt(number, 10, 64)
	s := Ref{ID: id, Version: version}
	if err != nil || version < 1 || !requestID.MatchString(id) || s.String() != value {
		return Ref{}, fmt.Errorf("%q is not a valid button value", bot.Cut(value, 80))
	}
	return s, nil
}

// RefOf is the value of a button on a card of r as it stands.
func RefOf(r *change.Request) Ref { return Ref{ID: r.ID, Version: r.Version} }

// Actor is a user who presses in a channel.
func Actor(u bot.User, channel string) change.Actor {
	return change.Actor{User: u.ID, Team: u.Team, Channel: channel}
}

// DecisionInput is what a user decides by pressing the button, with a reason where one was asked for.
func (s Ref) DecisionInput(u bot.User, channel, reason string) change.DecisionInput {
	return change.DecisionInput{ID: s.ID, CardVersion: s.Version, By: Actor(u, channel), Reason: reason}
}

// SubcommandOf is the word that asks for a kind of change of a connection that exists; "" for any other kind.
func SubcommandOf(k change.Kind) string {
	verb, ok := strings.CutPrefix(string(k), "link.")
	if !ok || k == link.KindConnect {
		return ""
	}
	return verb
}

// What a form is filled with beside what is there.
const (
	PrefillFix      = "fix"      // what the platform says of the remote deployment
	PrefillFilter   = "filter"   // a network filter for the addresses that are block out
	PrefillRole     = "role"     // a role for those who are to search
	PrefillApproved = "approved" // what was approved
)

// PrefillFor is what the form of a change is filled with that mends a cause.
func PrefillFor(verb string, c link.Cause) string {
	switch {
	case verb != "update", c == link.CauseForgotten, c == link.CauseEnrich: // no setting changes
		return ""
	case c == link.CauseFilter:
		return PrefillFilter
	case c == link.CauseNoPrivileges:
		return PrefillRole
	case c == link.CauseNotAllowed:
		return PrefillApproved // somebody may have narrowed the key
	}
	return PrefillFix
}

// PressValue is what a connection's button carries: its name and what to fill the form with.
func PressValue(n link.Name, fill string) string { return strings.TrimSpace(n.String() + " " + fill) }

// ParsePressValue takes nothing but what PressValue writes.
func ParsePressValue(s string) (n link.Name, fill string, err error) {
	name, fill, _ := strings.Cut(s, " ")
	n, err = link.ParseName(name)
	if err == nil && !slices.Contains([]string{"", PrefillFix, PrefillFilter, PrefillRole, PrefillApproved}, fill) {
		err = fmt.Errorf("%q is not a valid form prefill", bot.Cut(fill, 40))
	}
	if err == nil && PressValue(n, fill) != s {
		err = fmt.Errorf("%q is not a valid button value", bot.Cut(s, 80))
	}
	return n, fill, err
}
