package es

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/elastic/go-elasticsearch/v8/esutil"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Shipper copies the audit into a data stream of Elasticsearch, one document an entry, with the field names of the
// Elastic Common Schema.
type Shipper struct {
	client *caller
	stream string
	env    string
	blind  atomic.Bool // it was said that the credential may not read
}

// NewShipper returns a shipper that writes into stream through client. env names the bot that the entries are of.
func NewShipper(client *Client, stream, env string) *Shipper {
	return &Shipper{client: client.caller, stream: stream, env: env}
}

// ecsVersion is the version of the schema whose fields document uses.
const ecsVersion = "8.17.0"

// document is an audit entry in ECS: event.original is the text that was hashed, event.hash its hash.
func (s *Shipper) document(l change.AuditLine) ([]byte, error) {
	e := l.Entry
	kind := "info"
	if e.From != e.To {
		kind = "change"
	}
	type object = map[string]any
	doc := object{
		"@timestamp": e.At.UTC().Format(time.RFC3339Nano),
		"ecs":        object{"version": ecsVersion},
		"message":    e.Detail,
		"event": object{
			"id": l.ID, "hash": l.Hash, "original": l.Text, "kind": "event", "category": []string{"configuration"},
			"type": []string{kind}, "action": e.What, "reason": e.Detail,
		},
		"service":      object{"name": "remote-cluster-bot", "environment": s.env},
		"user":         object{"id": e.By.User},
		"organization": object{"id": e.By.Team},
		"rule":         object{"name": e.Rule},
		"labels": object{
			"request": e.Request, "parent": e.Parent, "target": e.Target, "digest": e.Digest, "channel": e.By.Channel,
			"from": string(e.From), "to": string(e.To), "worker": e.Worker, "policy": e.Policy,
		},
	}
	if e.By.Bot { // user.id is in whose name it did so
		doc["tags"] = []string{"bot"}
	}
	for _, part := range doc {
		if o, ok := part.(object); ok {
			for name, value := range o {
				if value == "" {
					delete(o, name)
				}
			}
		}
	}
	return json.Marshal(doc)
}

// maxOriginal is how long a term of Lucene can be, in bytes: a longer event.original could be refused for its length.
const maxOriginal = 32766

// bare is an entry in as few fields as can be: nothing of what its fields hold is left that could be refused.
func bare(l change.AuditLine) ([]byte, error) {
	event := map[string]any{"id": l.ID, "hash": l.Hash}
	if len(l.Text) <= maxOriginal {
		event["original"] = l.Text
	}
	return json.Marshal(map[string]any{"@timestamp": l.Entry.At.UTC().Format(time.RFC3339Nano), "event": event})
}

// Ship writes the lines, each under its hash as its id: one that is there already is left as it is, so shipping again
// does no harm. Ids are unique within a backing index of a data stream only, so Ship looks first which are in the stream:
// what is shipped again after a rollover would come to lie in both. What a search does not show yet (a refresh is some
// seconds away) is kept single by the backing index, unless it rolled over within these seconds. An error means that some may be missing, and that another try may mend it. A line that Elasticsearch
// refuses for what is in it would hold up all that follow for ever: of such a line only the text and the hash are
// written, under the same id; reduced counts them.
func (s *Shipper) Ship(ctx context.Context, lines []change.AuditLine) (reduced int, err error) {
	left, err := s.missing(ctx, lines)
	if err != nil {
		return 0, fmt.Errorf("shipping the audit: %w", err)
	}
	if len(left) == 0 {
		return 0, nil
	}
	refused, err := s.create(ctx, left, s.document)
	if err == nil && len(refused) > 0 {
		err = s.reduce(ctx, refused)
	}
	if err != nil {
		return 0, fmt.Errorf("shipping the audit: %w", err)
	}
	return len(refused), nil
}

// missing returns the lines that are not in the stream yet, by POST /{stream}/_search. Where the credential may not read
// nothing is known to be there: a copy too many is better than none.
func (s *Shipper) missing(ctx context.Context, lines []change.AuditLine) ([]change.AuditLine, error) {
	ids := make([]string, len(lines))
	for i, l := range lines {
		ids[i] = l.Hash
	}
	body, err := json.Marshal(map[string]any{
		"query": map[string]any{"ids": map[string]any{"values": ids}}, "_source": false, "track_total_hits": false,
		"size": 2 * len(ids), // one may lie in two backing indices since before they were looked for
	})
	if err != nil {
		return nil, fmt.Errorf("writing the search: %w", err)
	}
	var answer struct {
		Hits struct {
			Hits []struct {
				ID string `json:"_id"`
			} `json:"hits"`
		} `json:"hits"`
	}
	_, err = s.client.do(ctx, request{
		Request: esapi.SearchRequest{
			Index: []string{url.PathEscape(s.stream)}, Body: bytes.NewReader(body),
			IgnoreUnavailable:         new(true), // the first entry makes the stream
			AllowPartialSearchResults: new(false),
		},
		name: "POST /" + s.stream + "/_search",
	}, &answer)
	if call, ok := errors.AsType[*elastic.CallError](err); ok && call.Status == http.StatusForbidden {
		if !s.blind.Swap(true) {
			s.client.log.WarnContext(ctx, "the credential may not read what was shipped: give it the privilege read, "+
				"else entries that are shipped again across a rollover lie there twice", "system", s.client.system, "stream", s.stream)
		}
		return lines, nil
	}
	if err != nil {
		return nil, err
	}
	there := make(map[string]bool, len(answer.Hits.Hits))
	for _, h := range answer.Hits.Hits {
		there[h.ID] = true
	}
	return slices.DeleteFunc(slices.Clone(lines), func(l change.AuditLine) bool { return there[l.Hash] }), nil
}

// reduce writes what can be written of lines that were refused. If that is refused too, it is not for what is in them:
// the stream itself takes nothing, and no line may be passed over for that.
func (s *Shipper) reduce(ctx context.Context, refused []refusal) error {
	lines := make([]change.AuditLine, len(refused))
	for i, r := range refused {
		lines[i] = r.line
	}
	again, err := s.create(ctx, lines, bare)
	if err != nil {
		return err
	}
	if len(again) > 0 {
		return fmt.Errorf("%s takes not even the text and the hash of an entry, see its mapping and its pipeline: %s", s.stream, again[0].why)
	}
	for _, r := range refused {
		s.client.log.ErrorContext(ctx, "an audit entry was refused; only its text and its hash were shipped",
			"system", s.client.system, "stream", s.stream, "entry", r.line.ID, "hash", r.line.Hash, "why", r.why)
	}
	return nil
}

// create ships lines through go-elasticsearch's bulk indexer and returns what was refused for good: with 400, since what
// another status means (429, 503, a privilege that is missing) has nothing to do with the document.
func (s *Shipper) create(ctx context.Context, lines []change.AuditLine, as func(change.AuditLine) ([]byte, error)) ([]refusal, error) {
	b := batch{scrub: s.client.scrub, lines: lines}
	indexer, err := esutil.NewBulkIndexer(esutil.BulkIndexerConfig{
		Client: s.client.transport, Index: url.PathEscape(s.stream), NumWorkers: 1, OnError: b.failed,
	})
	if err != nil {
		return nil, err
	}
	for i, l := range lines {
		doc, err := as(l)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("writing entry %s: %w", l.ID, err), indexer.Close(ctx))
		}
		err = indexer.Add(ctx, esutil.BulkIndexerItem{
			Action: "create", DocumentID: l.Hash, Body: bytes.NewReader(doc), OnSuccess: b.taken, OnFailure: b.notTaken(i),
		})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("adding entry %s: %w", l.ID, err), indexer.Close(ctx))
		}
	}
	b.failed(ctx, indexer.Close(ctx))
	return b.refused, b.outcome()
}
