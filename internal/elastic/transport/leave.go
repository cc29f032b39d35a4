package transport

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// leave is a call's leave to be sent: its caller's time is not over, and if it changes something, it has been noted where
// the work is kept. It is taken right before the request is written, once there is a connection.
type leave struct {
	f   *DeadlineTransport
	req *http.Request // its context is the caller's

	mu    sync.Mutex
	slots []change.CallSlot // several, if net/http writes the request again on another connection
	ended bool
	err   error
}

func (l *leave) take() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return ErrExpired
	}
	l.err = l.ask()
	return l.err
}

func (l *leave) ask() error {
	caller := l.req.Context()
	if err := l.f.open(caller); err != nil || !changes(l.req) {
		return err
	}
	slot, err := change.BeginCall(caller, l.f.o.CallTimeout)
	if err != nil {
		return err
	}
	l.slots = append(l.slots, slot)
	if by := slot.SendBy; !by.IsZero() && !earlier(l.f.o.Now(), by) {
		return ErrExpired
	}
	return l.f.open(caller)
}

// earlier compares by the monotonic clock and by the wall clock: the former stands still while a machine is suspended.
func earlier(now, than time.Time) bool {
	return now.Before(than) && now.Round(0).Before(than.Round(0))
}

// end says that the call is over. certain: nothing of it can happen any more.
func (l *leave) end(certain bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	for _, s := range l.slots {
		s.Ended(certain)
	}
}

// why is why the call was not sent.
func (l *leave) why() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	return ErrExpired
}

// changes reports whether a call may change something.
func changes(req *http.Request) bool {
	switch req.Method {
	case http.MethodGet, http.MethodHead, "":
		return false
	case http.MethodPost:
		return !strings.HasSuffix(req.URL.Path, "/_search")
	}
	return true
}
