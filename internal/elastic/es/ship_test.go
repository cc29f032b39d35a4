package es_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// stream is a data stream as far as _bulk and a search by ids go: it creates, and refuses an id that its newest backing
// index has (409). Only a search sees the older ones.
type stream struct {
	mu    sync.Mutex
	docs  map[string]map[string]any
	older []map[string]map[string]any
	made  bool // by its first document
	blind bool // the credential may not read
	calls int
	fail  func(call int) int // the status of a call; 0: it works
	full  string             // an id that can't be indexed just now
	odd   string             // an id whose document does not fit the mapping, unless it has nothing but the event in it
	deaf  bool               // no document fits the mapping
	short bool               // one document is not spoken of
}

func (s *stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
	s.calls++
	if s.fail != nil {
		if status := s.fail(s.calls); status != 0 {
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, `{"error":{"type":"unavailable","reason":"try later"}}`)
			return
		}
	}
	search := r.URL.Path == "/audit-stream/_search"
	switch {
	case search && !s.blind && r.Header.Get("Authorization") == "ApiKey k":
		s.search(w, r)
		return
	case search, r.URL.Path != "/audit-stream/_bulk", r.Header.Get("Authorization") != "ApiKey k":
		w.WriteHeader(http.StatusForbidden)
		return
	}
	var items []any
	errs := false
	for scan := bufio.NewScanner(r.Body); scan.Scan(); {
		var action struct {
			Create struct {
				ID string `json:"_id"`
			} `json:"create"`
		}
		_ = json.Unmarshal(scan.Bytes(), &action)
		id := action.Create.ID
		scan.Scan()
		var doc map[string]any
		_ = json.Unmarshal(scan.Bytes(), &doc)
		answer := map[string]any{"_id": id, "status": http.StatusCreated}
		switch _, there := s.docs[id]; {
		case id == s.full:
			errs = true
			answer["status"], answer["error"] = http.StatusTooManyRequests, map[string]any{"type": "es_rejected_execution_exception", "reason": "full"}
		case s.deaf, id == s.odd && doc["user"] != nil:
			errs = true
			answer["status"], answer["error"] = http.StatusBadRequest, map[string]any{"type": "document_parsing_exception", "reason": "failed to parse field [user]"}
		case there:
			errs = true
			answer["status"], answer["error"] = http.StatusConflict, map[string]any{"type": "version_conflict_engine_exception", "reason": "document already exists"}
		default:
			s.docs[id], s.made = doc, true
		}
		items = append(items, map[string]any{"create": answer})
	}
	if s.short {
		items = items[1:]
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": errs, "items": items})
}

// rollOver begins a new backing index.
func (s *stream) rollOver() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.older, s.docs = append(s.older, s.docs), map[string]map[string]any{}
}

// search finds ids in all backing indices, or the newest document of an environment.
func (s *stream) search(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Query struct {
			IDs struct {
				Values []string `json:"values"`
			} `json:"ids"`
			Term map[string]string `json:"term"`
		} `json:"query"`
		Size   int                 `json:"size"`
		Sort   []map[string]string `json:"sort"`
		Source any                 `json:"_source"`
		Total  *bool               `json:"track_total_hits"`
	}
	decode := json.NewDecoder(r.Body)
	decode.DisallowUnknownFields()
	query := r.URL.Query()
	if err := decode.Decode(&ask); err != nil || r.Method != http.MethodPost || query.Get("allow_partial_search_results") != "false" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if !s.made && query.Get("ignore_unavailable") != "true" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	hits := []any{}
	if env := ask.Query.Term["service.environment"]; env != "" && ask.Sort[0]["@timestamp"] == "desc" {
		if newest := s.newest(env); newest != nil {
			hits = append(hits, map[string]any{"_source": newest})
		}
	}
	for i, index := range append(slices.Clone(s.older), s.docs) {
		for _, id := range ask.Query.IDs.Values {
			if _, there := index[id]; there && len(hits) < ask.Size {
				hits = append(hits, map[string]any{"_index": fmt.Sprintf(".ds-audit-stream-%06d", i+1), "_id": id})
			}
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"timed_out": false, "hits": map[string]any{"hits": hits}})
}

func (s *stream) newest(env string) map[string]any {
	var (
		newest map[string]any
		latest time.Time
	)
	for _, doc := range s.docs {
		service, _ := doc["service"].(map[string]any)
		text, _ := doc["@timestamp"].(string)
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil && service["environment"] == env && at.After(latest) {
			newest, latest = doc, at
		}
	}
	return newest
}

func TestNewestIsTheLastEntryThatWasShipped(t *testing.T) {
	t.Parallel()
	to := &stream{docs: map[string]map[string]any{}}
	s := shipper(t, to)
	if id, err := s.Newest(t.Context()); id != "" || err != nil {
		t.Errorf("before anything was shipped: %q %v", id, err)
	}
	if _, err := s.Ship(t.Context(), lines(t, 3)); err != nil {
		t.Fatal(err)
	}
	if id, err := s.Newest(t.Context()); id != "1-2" || err != nil {
		t.Errorf("%q %v", id, err)
	}
	to.blind = true
	if _, err := s.Newest(t.Context()); err == nil {
		t.Error("what may not be read was taken for nothing")
	}
}

func lines(t *testing.T, n int) []change.AuditLine {
	t.Helper()
	prev := change.GenesisHash
	var all []change.AuditLine
	for i := range n {
		e := change.Entry{
			At: time.UnixMilli(1_700_000_000_000 + int64(i)).UTC(), Request: "r1", What: "approve", From: change.Pending, To: change.Approved,
			By: change.Actor{User: "U1", Team: "T1", Channel: "C1"}, Rule: "both sides", Digest: "d", Detail: "because",
		}
		text, hash, err := e.Chain(prev)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, change.AuditLine{ID: fmt.Sprint("1-", i), Entry: e, Text: text, Hash: hash})
		prev = hash
	}
	return all
}

func shipper(t *testing.T, s *stream) *es.Shipper {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c, err := es.New(es.Options{System: "audit", Address: server.URL, Auth: es.APIKey(secret.New("k")), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return es.NewShipper(c, "audit-stream", "prod")
}

func TestShippingAgainMakesNoDuplicates(t *testing.T) {
	t.Parallel()
	s := &stream{docs: map[string]map[string]any{}}
	ship, all := shipper(t, s), lines(t, 5)
	for _, part := range [][]change.AuditLine{all[:3], all[:3], all} {
		if _, err := ship.Ship(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.docs) != 5 {
		t.Errorf("%d documents", len(s.docs))
	}
	doc := s.docs[all[0].Hash]
	event, _ := doc["event"].(map[string]any)
	if event["original"] != all[0].Text || event["hash"] != all[0].Hash {
		t.Errorf("the text that was hashed is not there: %v", event)
	}
	delete(event, "original")
	delete(event, "hash")
	want := map[string]any{
		"@timestamp": "2023-11-14T22:13:20Z", "ecs": map[string]any{"version": "8.17.0"}, "message": "because",
		"event": map[string]any{
			"id": "1-0", "kind": "event", "category": []any{"configuration"}, "type": []any{"change"}, "action": "approve", "reason": "because",
		},
		"service": map[string]any{"name": "remote-cluster-bot", "environment": "prod"},
		"user":    map[string]any{"id": "U1"}, "organization": map[string]any{"id": "T1"}, "rule": map[string]any{"name": "both sides"},
		"labels": map[string]any{"request": "r1", "digest": "d", "channel": "C1", "from": "pending", "to": "approved"},
	}
	if diff := cmp.Diff(want, doc); diff != "" {
		t.Error(diff)
	}
}

// A crash between shipping and noting it, with a rollover between.
func TestShippingAgainAfterARolloverMakesNoDuplicates(t *testing.T) {
	t.Parallel()
	all := lines(t, 5)
	s := &stream{docs: map[string]map[string]any{}}
	if _, err := shipper(t, s).Ship(t.Context(), all[:3]); err != nil {
		t.Fatal(err)
	}
	s.rollOver()
	for range 2 {
		if _, err := shipper(t, s).Ship(t.Context(), all); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.older[0]) != 3 || len(s.docs) != 2 {
		t.Errorf("%d documents before the rollover and %d after it, of 5 entries", len(s.older[0]), len(s.docs))
	}
}

func TestACredentialThatMayNotReadShipsAllTheSame(t *testing.T) {
	t.Parallel()
	s := &stream{docs: map[string]map[string]any{}, blind: true}
	if _, err := shipper(t, s).Ship(t.Context(), lines(t, 2)); err != nil || len(s.docs) != 2 {
		t.Errorf("%d documents, %v", len(s.docs), err)
	}
}

func TestWhatWasNotShippedIsSaid(t *testing.T) {
	t.Parallel()
	all := lines(t, 3)
	full := &stream{docs: map[string]map[string]any{}, full: all[1].Hash}
	if _, err := shipper(t, full).Ship(t.Context(), all); err == nil || !strings.Contains(err.Error(), "es_rejected_execution_exception") {
		t.Errorf("one was refused: %v", err)
	}
	if len(full.docs) != 2 {
		t.Errorf("%d documents", len(full.docs))
	}
	full.full = ""
	if _, err := shipper(t, full).Ship(t.Context(), all); err != nil || len(full.docs) != 3 {
		t.Errorf("%v, %d documents", err, len(full.docs))
	}
	down := &stream{docs: map[string]map[string]any{}, fail: func(int) int { return http.StatusServiceUnavailable }}
	if _, err := shipper(t, down).Ship(t.Context(), all); err == nil {
		t.Error("nothing was shipped, and nothing said")
	}
}

// One that can never be taken must not hold up all that follow.
func TestARefusedEntryIsShippedWithItsTextAndHashAlone(t *testing.T) {
	t.Parallel()
	all := lines(t, 3)
	s := &stream{docs: map[string]map[string]any{}, odd: all[1].Hash}
	for _, want := range []int{1, 0} { // the second time it is there
		reduced, err := shipper(t, s).Ship(t.Context(), all)
		if err != nil || reduced != want {
			t.Fatalf("%d reduced, %v", reduced, err)
		}
	}
	want := map[string]any{
		"@timestamp": "2023-11-14T22:13:20.001Z",
		"event":      map[string]any{"id": "1-1", "hash": all[1].Hash, "original": all[1].Text},
	}
	if diff := cmp.Diff(want, s.docs[all[1].Hash]); diff != "" || len(s.docs) != 3 {
		t.Errorf("%d documents\n%s", len(s.docs), diff)
	}
	long := all[2]
	long.Text, s.docs, s.odd = strings.Repeat("x", 40_000), map[string]map[string]any{}, long.Hash
	if _, err := shipper(t, s).Ship(t.Context(), []change.AuditLine{long}); err != nil {
		t.Fatal(err)
	}
	if event, _ := s.docs[long.Hash]["event"].(map[string]any); event["hash"] != long.Hash || event["original"] != nil {
		t.Errorf("a text too long for a term was sent all the same: %.100v", event)
	}
}

func TestNoEntryIsPassedOverWhereTheStreamTakesNone(t *testing.T) {
	t.Parallel()
	all := lines(t, 2)
	for name, s := range map[string]*stream{"mapping": {deaf: true}, "speaks of": {short: true}} {
		s.docs = map[string]map[string]any{}
		if _, err := shipper(t, s).Ship(t.Context(), all); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
