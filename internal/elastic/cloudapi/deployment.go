package cloudapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// deployment is DeploymentGetResponse and DeploymentSearchResponse, as far as they are read.
type deployment struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Resources struct {
		Elasticsearch []resource `json:"elasticsearch"`
		Kibana        []struct {
			Info struct {
				Metadata struct {
					ServiceURL string `json:"service_url"`
				} `json:"metadata"`
			} `json:"info"`
		} `json:"kibana"`
	} `json:"resources"`
	Metadata struct {
		SystemOwned bool `json:"system_owned"`
		Hidden      bool `json:"hidden"`
		Tags        []struct {
			Key   string `json:"key"`
			Value string `json:"value"`
		} `json:"tags"`
	} `json:"metadata"`
}

// resource is ElasticsearchResourceInfo.
type resource struct {
	RefID  string `json:"ref_id"`
	ID     string `json:"id"`
	Region string `json:"region"`
	Info   struct {
		ClusterID string `json:"cluster_id"`
		Healthy   bool   `json:"healthy"`
		Status    string `json:"status"`
		PlanInfo  struct {
			Current *plan     `json:"current"`
			Pending *struct{} `json:"pending"`
		} `json:"plan_info"`
		Topology struct {
			Instances []struct {
				ServiceVersion string `json:"service_version"`
			} `json:"instances"`
		} `json:"topology"`
		Metadata struct {
			Endpoint   string `json:"endpoint"`
			ServiceURL string `json:"service_url"`
			// ServicesURLs are those of each of its services; where service_url is left out they tell it.
			ServicesURLs []struct {
				Service string `json:"service"`
				URL     string `json:"url"`
			} `json:"services_urls"`
			Ports *struct {
				TransportPassthrough int `json:"transport_passthrough"` // null where there is none
			} `json:"ports"`
		} `json:"metadata"`
	} `json:"info"`
}

type plan struct {
	Plan struct {
		Elasticsearch struct {
			Version string `json:"version"`
		} `json:"elasticsearch"`
	} `json:"plan"`
}

// codeNoDeployment is the platform's own code for a deployment that is not there.
const codeNoDeployment = "deployments.deployment_not_found"

// deployments reads which deployments a platform has.
type deployments struct{ *caller }

// Deployment reads GET /deployments/{id}.
func (c deployments) Deployment(ctx context.Context, id string) (elastic.Deployment, error) {
	// show_metadata is what brings the endpoint on every version; what it holds beyond that is not kept.
	query := url.Values{
		"show_metadata": {"true"}, "show_plans": {"true"}, "enrich_with_template": {"false"},
		"show_instance_configurations": {"false"}, "show_instance_metrics": {"false"},
	}
	var found deployment
	err := c.do(ctx, request{method: http.MethodGet, path: []string{"deployments", id}, query: query}, &found)
	if errors.Is(err, errNoID) {
		return elastic.Deployment{}, &elastic.CallError{
			System: c.system, Call: "GET /deployments/…", Status: http.StatusNotFound, Code: codeNoDeployment,
			Reason: "this can't be the id of a deployment", Err: err,
		}
	}
	if err != nil {
		return elastic.Deployment{}, err
	}
	d, ok := c.inLinkTerms(found)
	if !ok {
		return elastic.Deployment{}, fmt.Errorf("%s: deployment %s has no Elasticsearch", c.system, id)
	}
	return d, nil
}

// ProxyAddress is where ECE hands requests through to Elasticsearch of a deployment.
func (c deployments) ProxyAddress(d elastic.Deployment) (string, error) {
	path, err := pathOf("deployments", d.Deployment, "elasticsearch", d.RefID, "proxy")
	if err != nil {
		return "", err
	}
	return c.base + path, nil
}

func (c deployments) inLinkTerms(from deployment) (elastic.Deployment, bool) {
	if len(from.Resources.Elasticsearch) == 0 {
		return elastic.Deployment{}, false
	}
	es := from.Resources.Elasticsearch[0]
	d := elastic.Deployment{
		Ref:        elastic.Ref{Platform: c.system, Deployment: from.ID},
		Name:       from.Name,
		RefID:      es.RefID,
		ClusterID:  es.Info.ClusterID,
		Region:     es.Region,
		Version:    es.version(),
		Healthy:    es.Info.Healthy,
		Status:     es.Info.Status,
		Pending:    es.Info.PlanInfo.Pending != nil,
		Endpoint:   es.Info.Metadata.Endpoint,
		ServiceURL: es.serviceURL(),
	}
	if kibana := from.Resources.Kibana; len(kibana) > 0 {
		d.KibanaURL = kibana[0].Info.Metadata.ServiceURL
	}
	if d.ClusterID == "" {
		d.ClusterID = es.ID
	}
	if ports := es.Info.Metadata.Ports; ports != nil {
		d.TransportPort = ports.TransportPassthrough
	}
	if tags := from.Metadata.Tags; len(tags) > 0 {
		d.Tags = make(map[string]string, len(tags))
		for _, t := range tags {
			d.Tags[t.Key] = t.Value
		}
	}
	return d, true
}

func (r resource) serviceURL() string {
	at := r.Info.Metadata.ServiceURL
	for _, s := range r.Info.Metadata.ServicesURLs {
		if at == "" && s.Service == "elasticsearch" {
			at = s.URL
		}
	}
	return at
}

// version is that of the current plan. A resource whose first plan is still under way has none, its instances may.
func (r resource) version() string {
	if current := r.Info.PlanInfo.Current; current != nil && current.Plan.Elasticsearch.Version != "" {
		return current.Plan.Elasticsearch.Version
	}
	for _, i := range r.Info.Topology.Instances {
		if i.ServiceVersion != "" {
			return i.ServiceVersion
		}
	}
	return ""
}
