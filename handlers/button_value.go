package handlers

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// connectionPrefix begins the action of a button that opens something about a connection; a subcommand follows.
const connectionPrefix = "connection."

// How long the names of a connection may be; longer ones are cut where they are shown, too.
const (
	maxAlias   = 100
	maxRole    = 100
	maxAddress = 270 // a host name of 253 bytes, and a port
)

// cardRef is what a button carries: the request that its card showed, and in which version.
type cardRef struct {
	ID      string
	Version int64
}

var requestID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// String returns "id:version", the form that parseCardRef reads.
func (s cardRef) String() string { return s.ID + ":" + strconv.FormatInt(s.Version, 10) }

// parseCardRef reads a button's value; it takes nothing but what String writes.
func parseCardRef(value string) (cardRef, error) {
	id, number, _ := strings.Cut(value, ":")
	version, err := strconv.ParseInt(number, 10, 64)
	s := cardRef{ID: id, Version: version}
	if err != nil || version < 1 || !requestID.MatchString(id) || s.String() != value {
		return cardRef{}, fmt.Errorf("%q is not the value of a button of ours", bot.Cut(value, 80))
	}
	return s, nil
}

// refOf is the value of a button on a card of r as it stands.
func refOf(r *change.Request) cardRef { return cardRef{ID: r.ID, Version: r.Version} }

func actor(u bot.User, channel string) change.Actor {
	return change.Actor{User: u.ID, Team: u.Team, Channel: channel}
}

func (s cardRef) decisionInput(u bot.User, channel, reason string) change.DecisionInput {
	return change.DecisionInput{ID: s.ID, CardVersion: s.Version, By: actor(u, channel), Reason: reason}
}

// subcommandOf is the word that asks for a kind of change of a connection that exists; "" for any other kind.
func subcommandOf(k change.Kind) string {
	switch k {
	case link.KindRotate, link.KindUpdate, link.KindDisconnect, link.KindAdopt, link.KindMigrate:
		return strings.TrimPrefix(string(k), "link.")
	}
	return ""
}
