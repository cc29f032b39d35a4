package es

import (
	"context"
	"errors"
	"net/http"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

const runAsHeader = "es-security-runas-user"

// errNotPassedOn says that something between would have made a search prove the rights of the bot's own user.
var errNotPassedOn = errors.New("the header by which the bot acts as another user does not arrive")

// SearchAs sends GET /_security/_authenticate and POST /<alias>:<pattern>/_search with es-security-runas-user:
// Elasticsearch answers as it would that user, where a role of the bot's user has run_as for them.
func (c searches) SearchAs(ctx context.Context, user, alias, pattern string) (elastic.SearchedAs, error) {
	header := http.Header{runAsHeader: {user}}
	who := request{Request: esapi.SecurityAuthenticateRequest{Header: header}, name: "GET /_security/_authenticate"}
	got, err := c.fetch(ctx, who)
	if err != nil {
		return elastic.SearchedAs{}, err
	}
	if got.status == http.StatusForbidden {
		return elastic.SearchedAs{NotAllowed: true, Refused: c.scrub.Words(got.cause().text())}, nil
	}
	var as struct {
		User string `json:"username"`
	}
	if err := c.read(who, got, &as); err != nil {
		return elastic.SearchedAs{}, err
	}
	if as.User != user {
		return elastic.SearchedAs{}, errNotPassedOn
	}
	r := request{
		Request: esapi.SearchRequest{
			Index: []string{alias + ":" + pattern}, Size: new(0), AllowNoIndices: new(true), IgnoreUnavailable: new(true), Header: header,
		},
		name: "POST /" + alias + ":" + pattern + "/_search",
	}
	got, err = c.fetch(ctx, r)
	if err != nil {
		return elastic.SearchedAs{}, err
	}
	if got.status == http.StatusForbidden {
		return elastic.SearchedAs{Refused: c.scrub.Words(got.cause().text())}, nil
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
