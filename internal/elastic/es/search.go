package es

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// searches searches remote clusters.
type searches struct{ *caller }

// Hits is what a search found.
type Hits struct {
	Total   int      // up to 10,000, where Elasticsearch stops counting
	Indices []string // of the hits, as "alias:index" for remote ones
	Skipped bool     // a remote cluster was left out: skip_unavailable hides its errors
}

// Search sends POST /{targets}/_search for at most size documents without their content: proof that a connection
// carries a search. Targets are index patterns, remote ones as "alias:pattern".
func (c searches) Search(ctx context.Context, targets []string, size int) (Hits, error) {
	body, err := json.Marshal(map[string]any{"size": size, "_source": false, "track_total_hits": true})
	if err != nil {
		return Hits{}, fmt.Errorf("%s: writing the search: %w", c.system, err)
	}
	var escaped []string
	for _, t := range targets {
		escaped = append(escaped, url.PathEscape(t))
	}
	var answer struct {
		Clusters struct {
			Skipped int `json:"skipped"`
		} `json:"_clusters"`
		Hits struct {
			Total struct {
				Value int `json:"value"`
			} `json:"total"`
			Hits []struct {
				Index string `json:"_index"`
			} `json:"hits"`
		} `json:"hits"`
	}
	r := request{
		Request: esapi.SearchRequest{Index: escaped, Body: bytes.NewReader(body)},
		name:    "POST /" + strings.Join(targets, ",") + "/_search",
	}
	if _, err := c.do(ctx, r, &answer); err != nil {
		return Hits{}, err
	}
	found := Hits{Total: answer.Hits.Total.Value, Skipped: answer.Clusters.Skipped > 0}
	for _, h := range answer.Hits.Hits {
		found.Indices = append(found.Indices, h.Index)
	}
	return found, nil
}
