package es

import (
	"context"
	"net/http"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// noIndex is what ProbeSearch asks for: a search of it connects and authenticates, and costs the remote cluster nothing.
const noIndex = "remote-cluster-bot-no-such-index"

// searched is the part of a search's answer that tells of remote clusters.
type searched struct {
	Clusters struct {
		Successful int `json:"successful"`
		Details    map[string]struct {
			Failures []struct {
				Reason cause `json:"reason"`
			} `json:"failures"`
		} `json:"details"`
	} `json:"_clusters"`
}

// ProbeSearch sends POST /<alias>:…/_search and says what became of it. What keeps a connection from working is in the
// refusal; under skip_unavailable: true Elasticsearch answers 200 and says no more than that it can't connect (measured
// on 8.19.4).
func (c searches) ProbeSearch(ctx context.Context, alias string) (elastic.Searched, error) {
	r := request{
		Request: esapi.SearchRequest{
			Index: []string{alias + ":" + noIndex}, IgnoreUnavailable: new(true), AllowNoIndices: new(true), Size: new(0),
		},
		name: "POST /" + alias + ":*/_search",
	}
	got, err := c.fetch(ctx, r)
	if err != nil {
		return elastic.Searched{}, err
	}
	why := got.cause()
	switch {
	case why.is(noSuchRemote):
		return elastic.Searched{}, nil
	case aboutRemote(got.status, why):
		return elastic.Searched{Known: true, Error: c.scrub.Words(why.text())}, nil
	}
	var answer searched
	if err := c.read(r, got, &answer); err != nil {
		return elastic.Searched{}, err
	}
	for _, failure := range answer.Clusters.Details[alias].Failures {
		return elastic.Searched{Known: true, Error: c.scrub.Words(failure.Reason.text())}, nil
	}
	return elastic.Searched{Known: true, Reached: answer.Clusters.Successful > 0}, nil
}

// aboutRemote reports whether a refusal tells of the remote cluster. The local one's own are told by its status, or, where
// it does not take the bot's credentials, by its words.
func aboutRemote(status int, why cause) bool {
	switch {
	case why.Type == "", status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return false
	case status == http.StatusUnauthorized:
		return !strings.Contains(why.Reason, "for REST request")
	}
	return true
}
