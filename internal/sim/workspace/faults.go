package workspace

import (
	"net/http"
	"strconv"
)

// Fault makes calls of a method go wrong. The zero fault does nothing.
type Fault struct {
	Method     string `json:"method"`                // "" for every method
	Error      string `json:"error,omitempty"`       // answer ok false with this
	Status     int    `json:"status,omitempty"`      // answer with this HTTP status and no JSON
	RetryAfter int    `json:"retry_after,omitempty"` // answer 429 with these seconds
	Hang       bool   `json:"hang,omitempty"`        // never answer
	LoseAnswer bool   `json:"lose_answer,omitempty"` // do it, then cut the connection
	Times      int    `json:"times,omitempty"`       // how often; 0 once, negative until cleared
}

// Fail orders a fault. Faults of one method are used up in the order they came.
func (w *Workspace) Fail(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	w.change(func() { w.faults[f.Method] = append(w.faults[f.Method], &f) })
}

// ClearFaults takes back all faults that are left.
func (w *Workspace) ClearFaults() {
	w.change(func() { w.faults = map[string][]*Fault{} })
}

func (w *Workspace) takeFault(method string) *Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, key := range []string{method, ""} {
		queue := w.faults[key]
		if len(queue) == 0 {
			continue
		}
		fault := *queue[0]
		if queue[0].Times--; queue[0].Times == 0 {
			w.faults[key] = queue[1:]
		}
		return &fault
	}
	return nil
}

// before answers in the method's place; it reports whether it did.
func (f *Fault) before(rw http.ResponseWriter, req *http.Request, done <-chan struct{}) bool {
	switch {
	case f.Hang:
		select {
		case <-req.Context().Done():
		case <-done:
		}
	case f.RetryAfter > 0:
		writeAnswer(rw, nil, &apiError{code: "ratelimited", retryAfter: f.RetryAfter})
	case f.Status > 0:
		http.Error(rw, strconv.Itoa(f.Status)+" by order", f.Status)
	case f.Error != "":
		writeAnswer(rw, nil, fail(f.Error))
	default:
		return false
	}
	return true
}

// hangUp cuts the connection without an answer.
func hangUp(rw http.ResponseWriter) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// Archive archives a channel.
func (w *Workspace) Archive(channel string) {
	w.change(func() {
		if c := w.channel(channel); c != nil {
			c.Archived = true
		}
	})
}

// Unarchive opens an archived channel again.
func (w *Workspace) Unarchive(channel string) {
	w.change(func() {
		if c := w.channel(channel); c != nil {
			c.Archived = false
		}
	})
}

// Kick takes the app out of a channel.
func (w *Workspace) Kick(channel string) {
	w.change(func() {
		if c := w.channel(channel); c != nil {
			c.BotIn = false
		}
	})
}

// Deactivate deactivates a user.
func (w *Workspace) Deactivate(user string) {
	w.change(func() {
		if p := w.person(user); p != nil {
			p.Deleted = true
		}
	})
}

// Restrict makes a user a guest.
func (w *Workspace) Restrict(user string) {
	w.change(func() {
		if p := w.person(user); p != nil {
			p.Guest = true
		}
	})
}

// Revoke makes every call answer with code, such as token_revoked or account_inactive; "" ends that.
func (w *Workspace) Revoke(code string) { w.change(func() { w.revoked = code }) }

// DeleteMessage deletes a message as an administrator would.
func (w *Workspace) DeleteMessage(channel, ts string) {
	w.change(func() {
		if c := w.channel(channel); c != nil {
			channel = c.ID
		}
		if m := w.message(channel, ts); m != nil {
			m.Deleted = true
		}
	})
}
