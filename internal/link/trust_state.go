package link

import (
	"fmt"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// TrustState is how the two sides' trust stands.
type TrustState struct{ Local, Remote SideTrust }

// SideTrust is one side of it.
type SideTrust struct {
	On          string // the platform, for people
	Environment elastic.Environment
	Unread      error           // why the platform suggests no id
	Authorities []string        // PEM: what signs its nodes' certificates, or is to
	Trusted     elastic.Trusted // whom it trusts now
}

// Doubts says what of a platform's id and authority a person has to compare with its console; empty where nothing is in
// doubt.
func (t SideTrust) Doubts() string {
	e := t.Environment
	if t.Unread != nil {
		return fmt.Sprintf("What %s says of its own id could not be read (%s): compare the id with its console.", t.On, Sentence(t.Unread))
	}
	var suggested []string
	if e.ID != "" && !e.Certain {
		suggested = append(suggested, "id "+e.ID)
	}
	if len(e.CA) > 0 && !e.Certain && !e.Confirmed {
		suggested = append(suggested, "certificate authority "+prints(e.CA))
	}
	switch len(suggested) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("The %s is only what %s suggests: compare it with the console.", suggested[0], e.Source)
	default:
		return fmt.Sprintf("The %s are only what %s suggests: compare them with the console.", strings.Join(suggested, " and the "), e.Source)
	}
}

// Unsure reports whether another try may tell more.
func (t *TrustState) Unsure() bool {
	return t != nil && (t.Local.Unread != nil || t.Remote.Unread != nil)
}
