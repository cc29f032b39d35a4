package es

import (
	"sync"
	"time"
)

// recently is how long ago credentials may have been accepted for a refusal to be one of a node that starts. Later they
// may as well have been changed.
const recently = 15 * time.Minute

// Accepted remembers when clusters last accepted their credentials, by the clusters' addresses. A platform keeps one for
// all the clients that it makes. The zero value is ready.
type Accepted struct{ last sync.Map }

func (a *Accepted) note(address string, now time.Time) { a.last.Store(address, now) }

func (a *Accepted) recently(address string, now time.Time) bool {
	last, ok := a.last.Load(address)
	at, isTime := last.(time.Time)
	return ok && isTime && now.Sub(at) < recently
}
