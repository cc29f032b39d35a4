package cloudapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// ListDeployments reads GET /deployments: all there are, in one answer, but no more of each than its name and resources.
// Those of the platform itself can't be told from the others here.
func (c deployments) ListDeployments(ctx context.Context) ([]elastic.Deployment, error) {
	var all []elastic.Deployment
	take := func(dec *json.Decoder) error {
		var d struct {
			ID        string `json:"id"`
			Name      string `json:"name"`
			Resources []struct {
				Kind   string `json:"kind"`
				RefID  string `json:"ref_id"`
				ID     string `json:"id"`
				Region string `json:"region"`
			} `json:"resources"`
		}
		if err := dec.Decode(&d); err != nil {
			return err
		}
		for _, r := range d.Resources {
			if r.Kind == "elasticsearch" {
				all = append(all, elastic.Deployment{
					Ref: elastic.Ref{Platform: c.system, Deployment: d.ID}, Name: d.Name, RefID: r.RefID, ClusterID: r.ID, Region: r.Region,
				})
				break
			}
		}
		return nil
	}
	err := c.stream(ctx, request{method: http.MethodGet, path: []string{"deployments"}}, "deployments", take, &struct{}{})
	if err != nil {
		return nil, err
	}
	return all, nil
}
