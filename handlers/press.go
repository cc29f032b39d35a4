package handlers

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// seen is what a button carries: the request that its card showed, and in which version.
type seen struct {
	ID      string
	Version int64
}

var requestID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// String returns "id:version", the form that parseSeen reads.
func (s seen) String() string { return s.ID + ":" + strconv.FormatInt(s.Version, 10) }

// parseSeen reads a button's value; it takes nothing but what String writes.
func parseSeen(value string) (seen, error) {
	id, number, _ := strings.Cut(value, ":")
	version, err := strconv.ParseInt(number, 10, 64)
	s := seen{ID: id, Version: version}
	if err != nil || version < 1 || !requestID.MatchString(id) || s.String() != value {
		return seen{}, fmt.Errorf("%q is not the value of a button of ours", bot.Cut(value, 80))
	}
	return s, nil
}

// seenNow is the value of a button on a card of r as it stands.
func seenNow(r *change.Request) seen { return seen{ID: r.ID, Version: r.Version} }

func actor(u bot.User, channel string) change.Actor {
	return change.Actor{User: u.ID, Team: u.Team, Channel: channel}
}

func (s seen) press(u bot.User, channel, reason string) change.Press {
	return change.Press{ID: s.ID, Seen: s.Version, By: actor(u, channel), Reason: reason}
}
