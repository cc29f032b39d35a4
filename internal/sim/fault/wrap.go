package fault

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// maxBody bounds what a stand-in reads of a request.
const maxBody = 8 << 20

// Exchange is one call and its answer, whole. Bodies hold secrets: an Exchange is for tests, the Log is redacted.
type Exchange struct {
	At         time.Time
	Took       time.Duration
	System     string // "ece-prod", "Elasticsearch of logs-prod"
	Method     string
	Path       string
	Query      string
	Request    []byte
	ReqHeader  http.Header
	Status     int // 0: the client got no answer
	Answer     []byte
	RespHeader http.Header
	Fault      string // the id of the order that struck it
}

// Observer sees every exchange after it has ended. It may be called from several goroutines at once.
type Observer func(Exchange)

// Wrapper puts the faults, the log and the observers between the network and the stand-ins.
type Wrapper struct {
	Faults  *Set
	Log     *Log
	Latency time.Duration    // each call takes at least this long
	Now     func() time.Time // for the log
	Observe Observer         // may be nil
	// Refusal makes the body of an ordered status where the order names none.
	Refusal func(system string, status int) []byte
}

// Wrap returns next under the faults ordered for system. While an order with Close or Hang strikes, next is called
// only where the order says that the work was done.
func (w *Wrapper) Wrap(system string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		begun := w.Now()
		body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBody))
		if err != nil {
			http.Error(rw, "the request's body could not be read", http.StatusRequestEntityTooLarge)
			return
		}
		effect, id, struck := w.Faults.strike(system, r, body)
		x := Exchange{
			At: begun, System: system, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery,
			Request: body, ReqHeader: r.Header.Clone(), Fault: id,
		}
		end := func(status int, answer *answer) {
			x.Status, x.Took = status, w.Now().Sub(begun)
			if answer != nil {
				x.Answer, x.RespHeader = answer.body.Bytes(), answer.header
			}
			w.Log.add(x)
			if w.Observe != nil {
				w.Observe(x)
			}
		}
		if !sleep(r.Context(), w.Latency+time.Duration(effect.Delay)) {
			end(0, nil)
			panic(http.ErrAbortHandler)
		}
		run := func() *answer {
			a := &answer{header: http.Header{}}
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(a, r)
			return a
		}
		if !struck {
			a := run()
			end(a.code(), a)
			a.copyTo(rw)
			return
		}
		w.suffer(rw, r, effect, system, run, end)
	})
}

func (w *Wrapper) suffer(rw http.ResponseWriter, r *http.Request, e Effect, system string, run func() *answer, end func(int, *answer)) {
	var a *answer
	if e.Worked || e.Half || (e.Status == 0 && !e.Hang && !e.Close) {
		a = run()
	}
	switch {
	case e.Hang:
		<-r.Context().Done()
		end(0, nil)
		panic(http.ErrAbortHandler)
	case e.Close:
		end(0, nil)
		panic(http.ErrAbortHandler)
	case e.Half:
		end(0, nil)
		a.halfTo(rw)
		panic(http.ErrAbortHandler)
	case e.Status != 0:
		a = w.refusal(e, system)
	}
	end(a.code(), a)
	a.copyTo(rw)
}

func (w *Wrapper) refusal(e Effect, system string) *answer {
	a := &answer{header: http.Header{"Content-Type": {"application/json"}}}
	for k, v := range e.Headers {
		a.header.Set(k, v)
	}
	a.status = e.Status
	body := []byte(e.Body)
	if e.Body == "" && w.Refusal != nil {
		body = w.Refusal(system, e.Status)
	}
	a.body.Write(body)
	return a
}

// sleep waits for d and reports whether the context lasted that long.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// answer keeps what a stand-in wrote until it is decided what the client gets of it.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

func (a *answer) code() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

func (a *answer) copyTo(rw http.ResponseWriter) {
	maps.Copy(rw.Header(), a.header)
	rw.WriteHeader(a.code())
	_, _ = rw.Write(a.body.Bytes()) // a client that has gone away is its own problem
}

// halfTo announces the whole length and sends half of it: the reader meets an unexpected end.
func (a *answer) halfTo(rw http.ResponseWriter) {
	maps.Copy(rw.Header(), a.header)
	rw.Header().Set("Content-Length", strconv.Itoa(a.body.Len()+1))
	rw.WriteHeader(a.code())
	_, _ = rw.Write(a.body.Bytes()[:a.body.Len()/2]) // a client that has gone away is its own problem
	if f, ok := rw.(http.Flusher); ok {
		f.Flush()
	}
}
