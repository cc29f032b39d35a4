package cloudapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

const (
	maxPage  = 100    // deployments in one answer: each comes with its whole plan
	maxPages = 10_000 // a cursor that never ends is a mistake of the platform's
)

// searchRequest is SearchRequest: with a cursor all other fields are ignored.
type searchRequest struct {
	Query  any      `json:"query,omitempty"`
	Size   int      `json:"size,omitempty"`
	Sort   []string `json:"sort,omitempty"`
	Cursor string   `json:"cursor,omitempty"`
}

type searchResponse struct {
	MatchCount int    `json:"match_count"`
	Cursor     string `json:"cursor"`
}

// Search asks POST /deployments/_search. Deployments of the platform itself are left out: they can take no part in
// a connection (Elastic's docs: enabling cross-cluster search in ECE). It goes through all pages until it has found limit;
// where a later page fails, what the earlier ones brought comes with the error.
func (c deployments) Search(ctx context.Context, text string, limit int) ([]elastic.Deployment, error) {
	text = strings.TrimSpace(text)
	// A unique sort keeps a deployment from being lost between pages (the API's own advice).
	ask := searchRequest{Query: queryFor(text), Size: maxPage, Sort: []string{"id"}}
	var found []elastic.Deployment
	seen := 0
	take := func(dec *json.Decoder) error {
		var each deployment
		if err := dec.Decode(&each); err != nil {
			return err
		}
		seen++
		d, ok := c.inLinkTerms(each)
		if !ok || each.Metadata.SystemOwned || each.Metadata.Hidden || !contains(d, text) {
			return nil
		}
		if found = append(found, d); len(found) == limit {
			return errEnough
		}
		return nil
	}
	search := request{method: http.MethodPost, path: []string{"deployments", "_search"}, reads: true}
	for range maxPages {
		before, page := seen, searchResponse{}
		search.body = ask
		err := c.stream(ctx, search, "deployments", take, &page)
		if errors.Is(err, errEnough) {
			return found, nil
		}
		if err != nil || page.Cursor == "" || seen == before || seen == page.MatchCount {
			return found, err
		}
		ask = searchRequest{Cursor: page.Cursor}
	}
	return found, fmt.Errorf("%s: its list of deployments has no end: stopped after %d", c.system, seen)
}

// contains holds the answer to the contract: how the platform analyzes names is its own affair.
func contains(d elastic.Deployment, text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(strings.ToLower(d.Name), text) || strings.Contains(strings.ToLower(d.Deployment), text)
}

type object = map[string]any

// queryFor finds names by their beginning, by words and by any part, and ids by their beginning or as a whole.
// The kinds of query and the fields are those that ecctl and Elastic's Terraform provider use.
func queryFor(text string) any {
	if text == "" {
		return object{"match_all": object{}}
	}
	return object{"bool": object{
		"should": []any{
			object{"prefix": object{"name.keyword": object{"value": text}}},
			object{"match": object{"name": object{"query": text, "operator": "and"}}},
			object{"query_string": object{
				"query": "*" + literal(text) + "*", "default_field": "name.keyword", "allow_leading_wildcard": true,
			}},
			object{"term": object{"id": object{"value": text}}},
			object{"prefix": object{"id": object{"value": strings.ToLower(text)}}},
		},
		"minimum_should_match": 1,
	}}
}

// literal keeps what has no meaning in a query_string; any other character may be any. What is found too much is
// sifted out anyway, and what is escaped may be escaped wrongly.
func literal(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '.' {
			return r
		}
		return '?'
	}, text)
}
