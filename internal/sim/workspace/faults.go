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

// faultQueue are the faults that were ordered.
type faultQueue struct {
	of      *core
	faults  map[string][]*Fault // by method
	revoked string              // the error every token meets, such as token_revoked
}

// Fail orders a fault. Faults of one method are used up in the order they came.
func (q *faultQueue) Fail(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	q.of.change(func() { q.faults[f.Method] = append(q.faults[f.Method], &f) })
}

// ClearFaults takes back all faults that are left.
func (q *faultQueue) ClearFaults() {
	q.of.change(func() { q.faults = map[string][]*Fault{} })
}

func (q *faultQueue) takeFault(method string) *Fault {
	q.of.mu.Lock()
	defer q.of.mu.Unlock()
	for _, key := range []string{method, ""} {
		queue := q.faults[key]
		if len(queue) == 0 {
			continue
		}
		fault := *queue[0]
		if queue[0].Times--; queue[0].Times == 0 {
			q.faults[key] = queue[1:]
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
func (q *faultQueue) Revoke(code string) { q.of.change(func() { q.revoked = code }) }
