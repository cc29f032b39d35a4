package transport

import (
	"bytes"
	"compress/flate"
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// maxRecent bounds what Recent keeps, in bytes after compression. A deployment with its plans comes to some ten
// kilobytes.
const maxRecent = 24 << 20

// Recent answers reads whose context allows that (see link.AllowRecent) with what they brought not long ago, so that one
// cycle of checks reads what many connections share once. It keeps only whole answers of 2xx to GET, the oldest of which
// go first when there are too many. Everything else passes.
type Recent struct {
	next http.RoundTripper
	now  func() time.Time
	max  int

	calls singleflight.Group

	mu   sync.Mutex
	kept map[string]*list.Element // of keptAnswer, by key
	age  *list.List               // the oldest answer in front
	size int
}

type keptAnswer struct {
	key    string
	at     time.Time
	status int
	header http.Header
	body   []byte // compressed
}

// NewRecent returns a Recent that has nothing yet.
func NewRecent(next http.RoundTripper, now func() time.Time) *Recent {
	return &Recent{next: next, now: now, max: maxRecent, kept: map[string]*list.Element{}, age: list.New()}
}

// RoundTrip implements http.RoundTripper.
func (r *Recent) RoundTrip(req *http.Request) (*http.Response, error) {
	maxAge := elastic.RecentAllowed(req.Context())
	if maxAge <= 0 || req.Method != http.MethodGet || !bodyless(req) {
		return r.next.RoundTrip(req)
	}
	key := recentRead(req)
	if a, ok := r.get(key, maxAge); ok {
		return a.response(req)
	}
	mine := false
	got, err, _ := r.calls.Do(key, func() (any, error) { // those who ask for the same meanwhile share the answer
		mine = true
		resp, err := r.next.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode < 200 || resp.StatusCode > 299 {
			resp.Body = io.NopCloser(bytes.NewReader(readSome(resp.Body)))
			return resp, errNotKept
		}
		return r.keep(key, resp, maxAge)
	})
	if errors.Is(err, errNotKept) && mine {
		resp, _ := got.(*http.Response)
		return resp, nil
	}
	if err != nil && !mine { // the one who asked first may have given up
		return r.next.RoundTrip(req)
	}
	if err != nil {
		return nil, err
	}
	a, _ := got.(keptAnswer)
	return a.response(req)
}

var errNotKept = errors.New("not kept")

// recentRead tells reads apart: by address, and by whose they are.
func recentRead(req *http.Request) string {
	sum := sha256.Sum256([]byte(req.Header.Get("Authorization")))
	return req.URL.String() + " " + hex.EncodeToString(sum[:])
}

func readSome(body io.Reader) []byte {
	raw, _ := io.ReadAll(io.LimitReader(body, MaxAnswer+1))
	return raw
}

func (r *Recent) get(key string, maxAge time.Duration) (keptAnswer, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.kept[key]
	if !ok {
		return keptAnswer{}, false
	}
	a, _ := e.Value.(keptAnswer)
	return a, r.now().Sub(a.at) < maxAge
}

// keep reads an answer and remembers it. What is older than anybody is interested in goes.
func (r *Recent) keep(key string, resp *http.Response, maxAge time.Duration) (keptAnswer, error) {
	raw, err := io.ReadAll(io.LimitReader(resp.Body, MaxAnswer+1))
	if err != nil {
		return keptAnswer{}, err
	}
	var body bytes.Buffer
	w, err := flate.NewWriter(&body, flate.BestSpeed)
	if err == nil {
		_, err = w.Write(raw)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return keptAnswer{}, err
	}
	a := keptAnswer{key: key, at: r.now(), status: resp.StatusCode, header: resp.Header.Clone(), body: body.Bytes()}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.kept[key]; ok {
		r.drop(e)
	}
	r.kept[key] = r.age.PushBack(a)
	r.size += len(a.body)
	for e := r.age.Front(); e != nil && (r.size > r.max || r.tooOld(e, maxAge)); e = r.age.Front() {
		r.drop(e)
	}
	return a, nil
}

func (r *Recent) tooOld(e *list.Element, maxAge time.Duration) bool {
	a, _ := e.Value.(keptAnswer)
	return r.now().Sub(a.at) >= maxAge
}

// drop forgets an answer. The caller holds the lock.
func (r *Recent) drop(e *list.Element) {
	a, _ := r.age.Remove(e).(keptAnswer)
	delete(r.kept, a.key)
	r.size -= len(a.body)
}

func (a keptAnswer) response(req *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(a.body)))
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header.Clone(), Body: io.NopCloser(bytes.NewReader(raw)), ContentLength: int64(len(raw)), Request: req,
	}, nil
}
