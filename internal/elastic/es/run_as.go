package es

import (
	"context"
	"net/http"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

var _ elastic.RunAs = (*Client)(nil)

// SearchAs sends POST /<alias>:<pattern>/_search with es-security-runas-user: Elasticsearch answers as it would that user,
// where a role of the bot's user has run_as for them.
func (c *Client) SearchAs(ctx context.Context, user, alias, pattern string) (elastic.SearchedAs, error) {
	r := request{
		Request: esapi.SearchRequest{
			Index: []string{alias + ":" + pattern}, Size: new(0), AllowNoIndices: new(true), IgnoreUnavailable: new(true),
			Header: http.Header{"es-security-runas-user": {user}},
		},
		name: "POST /" + alias + ":" + pattern + "/_search",
	}
	got, err := c.fetch(ctx, r)
	if err != nil {
		return elastic.SearchedAs{}, err
	}
	if got.status == http.StatusForbidden {
		why := c.scrub.Words(got.cause().text())
		return elastic.SearchedAs{NotAllowed: strings.Contains(why, "is unauthorized to run as"), Refused: why}, nil
	}
	var answer struct {
		Clusters struct {
			Details map[string]struct {
				Shards struct {
					Total int `json:"total"`
				} `json:"_shards"`
				Failures []struct {
					Reason cause `json:"reason"`
				} `json:"failures"`
			} `json:"details"`
		} `json:"_clusters"`
	}
	if err := c.read(r, got, &answer); err != nil {
		return elastic.SearchedAs{}, err
	}
	one := answer.Clusters.Details[alias]
	for _, failure := range one.Failures {
		return elastic.SearchedAs{Refused: c.scrub.Words(failure.Reason.text())}, nil
	}
	return elastic.SearchedAs{Shards: one.Shards.Total}, nil
}
