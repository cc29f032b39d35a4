package es

import (
	"context"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// KeyServers tells how many nodes a cluster has, and how many of them take connections of other clusters by API key
// (remote_cluster_server.enabled): GET /_nodes/remote_cluster_server.
func (c about) KeyServers(ctx context.Context) (nodes, serving int, err error) {
	var answer struct {
		Nodes map[string]struct {
			Server *struct {
				Publish string `json:"publish_address"`
			} `json:"remote_cluster_server"`
		} `json:"nodes"`
	}
	_, err = c.do(ctx, request{
		Request: esapi.NodesInfoRequest{Metric: []string{"remote_cluster_server"}}, name: "GET /_nodes/remote_cluster_server",
	}, &answer)
	for _, n := range answer.Nodes {
		if n.Server != nil {
			serving++
		}
	}
	return len(answer.Nodes), serving, err
}
