package notify

import (
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// What somebody says about following a connection. Who says nothing follows those that they made.
const (
	SaidFollow   = "on"
	SaidUnfollow = "off"
	MaxSaid      = 50 // connections about which one person may say something
)

// IsOf reports whether user asked for the connection, adopted it, or changed it last.
func IsOf(m link.ManagedConnection, user string) bool {
	return m.Maker() == user || m.Record.By.User == user
}

// Follows reports whether user, who said that, follows a managed connection.
func Follows(said string, m link.ManagedConnection, user string) bool {
	return said == SaidFollow || said != SaidUnfollow && IsOf(m, user)
}

// followers are those among users who follow a connection, or did while the bot managed it.
func followers(m link.ManagedConnection, said map[string]string, users []string) []string {
	return slices.DeleteFunc(slices.Clone(users), func(u string) bool { return !Follows(said[u], m, u) })
}
