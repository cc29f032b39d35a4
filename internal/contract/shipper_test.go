package contract

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/elastic/go-elasticsearch/v8/typedapi/core/bulk"
	"github.com/elastic/go-elasticsearch/v8/typedapi/core/search"
	"github.com/elastic/go-elasticsearch/v8/typedapi/types"
	"github.com/elastic/go-elasticsearch/v8/typedapi/types/enums/operationtype"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// stream is a data stream whose answers are made of the typed API: it holds nothing, and refuses a document once.
type stream struct {
	*testing.T
	mu   sync.Mutex
	says []string // the calls that were made
}

// shipped are the calls of a shipper.
var shipped = map[string]esapi.Request{
	"POST /audit/_search": esapi.SearchRequest{}, "POST /audit/_bulk": esapi.BulkRequest{},
}

func (s *stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var raw bytes.Buffer
	if _, err := raw.ReadFrom(r.Body); err != nil {
		s.Error(err)
	}
	call := r.Method + " " + r.URL.Path
	s.says = append(s.says, call)
	if known := shipped[call]; known != nil {
		s.known(checkQuery(known, r.URL.RawQuery)) //nolint:contextcheck // nothing is sent for it
	}
	var answer any
	switch call {
	case "POST /audit/_search":
		s.known(same(raw.Bytes(), new(search.Request)))
		answer = search.NewResponse()
	case "POST /audit/_bulk":
		answer = s.bulk(raw.Bytes())
	default:
		s.Errorf("%s %s is not described", r.Method, r.URL)
	}
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
	s.known(json.NewEncoder(w).Encode(answer))
}

// bulk answers lines of an operation and its document each.
func (s *stream) bulk(raw []byte) *bulk.Response {
	answer := bulk.NewResponse()
	all := bytes.Split(bytes.TrimSuffix(raw, []byte("\n")), []byte("\n"))
	for pair := range slices.Chunk(all, 2) {
		if len(pair) != 2 || !json.Valid(pair[1]) {
			s.Errorf("an operation without its document: %q", pair)
			return answer
		}
		operation := types.NewOperationContainer()
		if err := same(pair[0], operation); err != nil || operation.Create == nil {
			s.Errorf("%s: %v", pair[0], err)
			return answer
		}
		item := types.ResponseItem{Index_: ".ds-audit-000001", Id_: operation.Create.Id_, Status: http.StatusCreated}
		if bytes.Contains(pair[1], []byte(`"message":"odd"`)) {
			answer.Errors, item.Status = true, http.StatusBadRequest
			item.Error = &types.ErrorCause{Type: "document_parsing_exception", Reason: new("failed to parse field [user]")}
		}
		answer.Items = append(answer.Items, map[operationtype.OperationType]types.ResponseItem{operationtype.Create: item})
	}
	return answer
}

func (s *stream) known(err error) {
	s.Helper()
	if err != nil {
		s.Error(err)
	}
}

// TestTheShipperSpeaksAsTheTypedAPI: no story ships its audit, so that what a shipper says is held here.
func TestTheShipperSpeaksAsTheTypedAPI(t *testing.T) {
	s := &stream{T: t}
	server := httptest.NewServer(s)
	defer server.Close()
	client, err := es.New(es.Options{System: "audit", Address: server.URL, Auth: es.APIKey(secret.New("k")), Now: time.Now})
	must(t, err)
	reduced, err := es.NewShipper(client, "audit", "prod").Ship(t.Context(), []change.AuditLine{
		{ID: "1-0", Text: "{}", Hash: "a", Entry: change.Entry{What: "create", Detail: "even", At: time.Unix(0, 0)}},
		{ID: "2-0", Text: "{}", Hash: "b", Entry: change.Entry{What: "approve", Detail: "odd", At: time.Unix(1, 0)}},
	})
	must(t, err)
	if want := []string{"POST /audit/_search", "POST /audit/_bulk", "POST /audit/_bulk"}; reduced != 1 || !slices.Equal(s.says, want) {
		t.Errorf("reduced %d entries by %q, want 1 by %q", reduced, s.says, want)
	}
}
