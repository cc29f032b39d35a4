package es

import (
	"context"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// about reads what a cluster says of itself.
type about struct{ *caller }

// License reads GET /_license.
func (c about) License(ctx context.Context) (elastic.License, error) {
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
func (c about) About(ctx context.Context) (About, error) {
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
func (c about) Version(ctx context.Context) (string, error) {
	a, err := c.About(ctx)
	return a.Version, err
}
