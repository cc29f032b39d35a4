package es

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// Newest returns the ID of the newest entry of this bot in the stream, by POST /{stream}/_search: with it one can tell whether
// the database is older than its copy. It is empty where there is none.
func (s *Shipper) Newest(ctx context.Context) (string, error) {
	body, err := json.Marshal(map[string]any{
		"query": map[string]any{"term": map[string]any{"service.environment": s.env}},
		"sort":  []any{map[string]any{"@timestamp": "desc"}}, "_source": []string{"event.id"}, "size": 1, "track_total_hits": false,
	})
	if err != nil {
		return "", fmt.Errorf("writing the search: %w", err)
	}
	var answer struct {
		Hits struct {
			Hits []struct {
				Source struct {
					Event struct {
						ID string `json:"id"`
					} `json:"event"`
				} `json:"_source"`
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
	if err != nil {
		return "", fmt.Errorf("looking for the newest entry that was shipped: %w", err)
	}
	if len(answer.Hits.Hits) == 0 {
		return "", nil
	}
	return answer.Hits.Hits[0].Source.Event.ID, nil
}
