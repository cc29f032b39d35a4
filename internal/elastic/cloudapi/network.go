package cloudapi

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Rulesets reads the traffic filters that apply to a deployment, in the platform's order. One that is listed but
// can't be found is returned with its id alone: leaving it out could make a closed deployment look open.
func (c filters) Rulesets(ctx context.Context, d elastic.Deployment) ([]elastic.Ruleset, error) {
	var attached struct {
		Rulesets []string `json:"rulesets"`
	}
	path := []string{"deployments", "traffic-filter", "associations", "deployment", d.Deployment, "rulesets"}
	if err := c.do(ctx, request{method: http.MethodGet, path: path}, &attached); err != nil {
		return nil, err
	}
	var all []elastic.Ruleset
	for _, id := range attached.Rulesets {
		r, err := c.Ruleset(ctx, id)
		if elastic.IsNotFound(err) {
			r, err = elastic.Ruleset{ID: id}, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// Ruleset reads TrafficFilterRulesetInfo.
func (c filters) Ruleset(ctx context.Context, id string) (elastic.Ruleset, error) {
	var info struct {
		ID          string `json:"id"`
		Name        string `json:"name"`
		Description string `json:"description"`
		Type        string `json:"type"`
		Region      string `json:"region"`
		Rules       []rule `json:"rules"`
	}
	path := []string{"deployments", "traffic-filter", "rulesets", id}
	if err := c.do(ctx, request{method: http.MethodGet, path: path}, &info); err != nil {
		return elastic.Ruleset{}, err
	}
	r := elastic.Ruleset{ID: info.ID, Name: info.Name, Type: info.Type, Region: info.Region, Description: info.Description}
	for _, rule := range info.Rules {
		switch {
		case rule.Source != "":
			r.Sources = append(r.Sources, rule.Source)
		case rule.Cluster != "" || rule.Organization != "":
			r.Clusters = append(r.Clusters, elastic.ClusterRule{Cluster: rule.Cluster, Organization: rule.Organization})
		case rule.AzureName != "" || rule.AzureGUID != "":
			r.Sources = append(r.Sources, strings.TrimSpace(rule.AzureName+" "+rule.AzureGUID))
		}
	}
	return r, nil
}

// Allocator is a host of ECE that runs Elasticsearch.
type Allocator struct {
	ID, Zone, HostIP, PublicHostname string
	Connected                        bool
}

const (
	allocatorPage  = 100
	allocatorPages = 50
)

// Allocators reads AllocatorOverview of an ECE, whose platform paths carry a region, as a rule "ece-region".
func (c filters) Allocators(ctx context.Context, region string) ([]Allocator, error) {
	var all []Allocator
	path := []string{"regions", region, "platform", "infrastructure", "allocators"}
	for from := 0; from < allocatorPage*allocatorPages; from += allocatorPage {
		var overview struct {
			Zones []struct {
				ZoneID     string `json:"zone_id"`
				Allocators []struct {
					ID             string `json:"allocator_id"`
					HostIP         string `json:"host_ip"`
					PublicHostname string `json:"public_hostname"`
					Status         struct {
						Connected bool `json:"connected"`
					} `json:"status"`
				} `json:"allocators"`
			} `json:"zones"`
		}
		query := url.Values{"size": {strconv.Itoa(allocatorPage)}, "from": {strconv.Itoa(from)}}
		if err := c.do(ctx, request{method: http.MethodGet, path: path, query: query}, &overview); err != nil {
			return nil, err
		}
		before := len(all)
		for _, zone := range overview.Zones {
			for _, a := range zone.Allocators {
				all = append(all, Allocator{
					ID: a.ID, Zone: zone.ZoneID, HostIP: a.HostIP, PublicHostname: a.PublicHostname,
					Connected: a.Status.Connected,
				})
			}
		}
		if len(all)-before < allocatorPage {
			break
		}
	}
	return all, nil
}
