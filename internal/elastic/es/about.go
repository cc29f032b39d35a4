package es

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// License reads GET /_license.
func (c *Client) License(ctx context.Context) (elastic.License, error) {
	var answer struct {
		License struct {
			Type   string `json:"type"`
			Status string `json:"status"`
		} `json:"license"`
	}
	_, err := c.do(ctx, request{Request: esapi.LicenseGetRequest{}, name: "GET /_license"}, &answer)
	return elastic.License{Type: answer.License.Type, Active: answer.License.Status == "active"}, err
}

// About is what a cluster says of itself.
type About struct {
	Name    string // of the cluster
	UUID    string
	Version string
}

// About reads GET /.
func (c *Client) About(ctx context.Context) (About, error) {
	var answer struct {
		Name    string `json:"cluster_name"`
		UUID    string `json:"cluster_uuid"`
		Version struct {
			Number string `json:"number"`
		} `json:"version"`
	}
	_, err := c.do(ctx, request{Request: esapi.InfoRequest{}, name: "GET /"}, &answer)
	return About{Name: answer.Name, UUID: answer.UUID, Version: answer.Version.Number}, err
}

// Version is the version that About tells.
func (c *Client) Version(ctx context.Context) (string, error) {
	a, err := c.About(ctx)
	return a.Version, err
}

// Hits is what a search found.
type Hits struct {
	Total   int      // up to 10,000, where Elasticsearch stops counting
	Indices []string // of the hits, as "alias:index" for remote ones
	Skipped bool     // a remote cluster was left out: skip_unavailable hides its errors
}

// Search sends POST /{targets}/_search for at most size documents without their content: proof that a connection
// carries a search. Targets are index patterns, remote ones as "alias:pattern".
func (c *Client) Search(ctx context.Context, targets []string, size int) (Hits, error) {
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
