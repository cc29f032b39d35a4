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
func (a *api) Fail(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	a.change(func() { a.faults[f.Method] = append(a.faults[f.Method], &f) })
}

// ClearFaults takes back all faults that are left.
func (a *api) ClearFaults() {
	a.change(func() { a.faults = map[string][]*Fault{} })
}

func (a *api) takeFault(method string) *Fault {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, key := range []string{method, ""} {
		queue := a.faults[key]
		if len(queue) == 0 {
			continue
		}
		fault := *queue[0]
		if queue[0].Times--; queue[0].Times == 0 {
			a.faults[key] = queue[1:]
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

// Revoke makes every call answer with code, such as token_revoked or account_inactive; "" ends that.
func (a *api) Revoke(code string) { a.change(func() { a.revoked = code }) }
