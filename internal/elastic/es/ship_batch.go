package es

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/elastic/go-elasticsearch/v8/esutil"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
)

// batch hears what the bulk indexer, in a goroutine of its own, tells of the lines that were given to it.
type batch struct {
	scrub transport.Scrubber
	lines []change.AuditLine

	mu      sync.Mutex
	heard   int // lines that the answer spoke of
	refused []refusal
	errs    []error
}

// refusal is a line that was refused for good.
type refusal struct {
	line change.AuditLine
	why  string
}

func (b *batch) taken(context.Context, esutil.BulkIndexerItem, esutil.BulkIndexerResponseItem) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard++
}

// notTaken is what to do if line i was not taken. An err is about the whole request, and failed has it already.
func (b *batch) notTaken(i int) func(context.Context, esutil.BulkIndexerItem, esutil.BulkIndexerResponseItem, error) {
	return func(_ context.Context, _ esutil.BulkIndexerItem, r esutil.BulkIndexerResponseItem, err error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.heard++
		why := b.scrub.Text(fmt.Sprintf("%d %s: %s", r.Status, r.Error.Type, r.Error.Reason))
		switch {
		case err != nil, r.Status == http.StatusConflict: // 409: it was shipped before
		case r.Status == http.StatusBadRequest:
			b.refused = append(b.refused, refusal{line: b.lines[i], why: why})
		default:
			b.errs = append(b.errs, errors.New(why))
		}
	}
}

// failed takes an error about the request as a whole; the indexer's hold the answer's body, so they are scrubbed.
func (b *batch) failed(_ context.Context, err error) {
	if err == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.errs = append(b.errs, errors.New(b.scrub.Text(err.Error())))
}

// outcome is the first error. A line that the answer does not speak of may be missing: the indexer itself passes over it.
func (b *batch) outcome() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case len(b.errs) > 0:
		return b.errs[0]
	case b.heard != len(b.lines):
		return fmt.Errorf("%d entries were sent, and the answer speaks of %d", len(b.lines), b.heard)
	}
	return nil
}
