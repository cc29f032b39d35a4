package es

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esutil"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Shipper copies the audit into a data stream of Elasticsearch, one document an entry, with the field names of the
// Elastic Common Schema.
type Shipper struct {
	client *Client
	stream string
	env    string
}

// NewShipper returns a shipper that writes into stream through client. env names the bot that the entries are of.
func NewShipper(client *Client, stream, env string) *Shipper {
	return &Shipper{client: client, stream: stream, env: env}
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
			"from": string(e.From), "to": string(e.To), "worker": e.Worker,
		},
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

// Ship writes the lines, each under its hash as its id: one that is there already is left as it is, so shipping again
// does no harm. An error means that some may be missing. Ids are unique within a backing index of a data stream only:
// lines that are shipped again across a rollover come to lie in both, under one id.
func (s *Shipper) Ship(ctx context.Context, lines []change.AuditLine) error {
	var mu sync.Mutex
	var errs []error
	failed := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		errs = append(errs, err)
	}
	indexer, err := esutil.NewBulkIndexer(esutil.BulkIndexerConfig{
		Client: s.client.transport, Index: s.stream, NumWorkers: 1,
		OnError: func(_ context.Context, err error) { failed(err) },
	})
	if err != nil {
		return fmt.Errorf("shipping the audit: %w", err)
	}
	for _, l := range lines {
		doc, err := s.document(l)
		if err != nil {
			failed(err)
			break
		}
		err = indexer.Add(ctx, esutil.BulkIndexerItem{
			Action: "create", DocumentID: l.Hash, Body: bytes.NewReader(doc),
			OnFailure: func(_ context.Context, _ esutil.BulkIndexerItem, r esutil.BulkIndexerResponseItem, err error) {
				switch {
				case r.Status == http.StatusConflict: // it was shipped before
				case err != nil:
					failed(err)
				default:
					failed(fmt.Errorf("%d %s: %s", r.Status, r.Error.Type, s.client.scrub.Text(r.Error.Reason)))
				}
			},
		})
		if err != nil {
			failed(err)
			break
		}
	}
	if err := indexer.Close(ctx); err != nil {
		failed(err)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("shipping the audit: %w", err)
	}
	return nil
}
