package cloudapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
)

func rulesetPath(more ...string) []string {
	return append([]string{"deployments", "traffic-filter", "rulesets"}, more...)
}

// rule is TrafficFilterRule, as far as it lets anything in.
type rule struct {
	Source       string `json:"source,omitempty"`
	Cluster      string `json:"remote_cluster_id,omitempty"`
	Organization string `json:"remote_cluster_org_id,omitempty"`
	AzureName    string `json:"azure_endpoint_name,omitempty"`
	AzureGUID    string `json:"azure_endpoint_guid,omitempty"`
}

// creating is POST /deployments/traffic-filter/rulesets (TrafficFilterRulesetRequest).
func creating(r elastic.NewRuleset) request {
	body := struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Type        string `json:"type"`
		Region      string `json:"region"`
		Default     bool   `json:"include_by_default"` // true would attach it to every new deployment
		Rules       []rule `json:"rules"`
	}{Name: r.Name, Description: r.Description, Type: r.Type, Region: r.Region, Rules: []rule{}}
	for _, s := range r.Sources {
		body.Rules = append(body.Rules, rule{Source: s})
	}
	for _, c := range r.Clusters {
		body.Rules = append(body.Rules, rule{Cluster: c.Cluster, Organization: c.Organization})
	}
	return request{method: http.MethodPost, path: rulesetPath(), body: body}
}

func attaching(ruleset string, d elastic.Deployment) request {
	body := struct {
		Type string `json:"entity_type"`
		ID   string `json:"id"`
	}{"deployment", d.Deployment}
	return request{method: http.MethodPost, path: rulesetPath(ruleset, "associations"), body: body}
}

func detaching(ruleset string, d elastic.Deployment) request {
	return request{method: http.MethodDelete, path: rulesetPath(ruleset, "associations", "deployment", d.Deployment)}
}

func deleting(ruleset string) request {
	return request{method: http.MethodDelete, path: rulesetPath(ruleset)}
}

var listing = request{method: http.MethodGet, path: rulesetPath()}

// CreateRuleset describes Client.CreateRuleset.
func (filterCalls) CreateRuleset(r elastic.NewRuleset) change.Call { return creating(r).describe() }

// Attach describes Client.Attach.
func (filterCalls) Attach(ruleset string, d elastic.Deployment) change.Call {
	return attaching(ruleset, d).describe()
}

// Detach describes Client.Detach.
func (filterCalls) Detach(ruleset string, d elastic.Deployment) change.Call {
	return detaching(ruleset, d).describe()
}

// DeleteRuleset describes Client.DeleteRuleset.
func (filterCalls) DeleteRuleset(ruleset string) change.Call { return deleting(ruleset).describe() }

// Rulesets describes the list of rulesets.
func (filterCalls) Rulesets() change.Call { return listing.describe() }

// filters reads and changes traffic filters, and reads where calls come from.
type filters struct{ *caller }

type filterCalls struct{}

// CreateRuleset sends POST /deployments/traffic-filter/rulesets. An answer without an id leaves a ruleset behind, so it
// is Ambiguous.
func (c filters) CreateRuleset(ctx context.Context, r elastic.NewRuleset) (string, error) {
	var made struct {
		ID string `json:"id"`
	}
	req := creating(r)
	if err := c.do(ctx, req, &made); err != nil {
		return "", err
	}
	if made.ID == "" {
		call := transport.Call{System: c.system, Name: req.method + " /" + strings.Join(req.path, "/"), Scrub: c.scrub}
		return "", written(call.Odd(http.StatusCreated, "unreadable_answer", "the answer names no ruleset", nil))
	}
	return made.ID, nil
}

// RulesetsNamed reads the list of rulesets: there is no search by name.
func (c filters) RulesetsNamed(ctx context.Context, name string) ([]string, error) {
	var list struct {
		Rulesets []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"rulesets"`
	}
	if err := c.do(ctx, listing, &list); err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range list.Rulesets {
		if r.Name == name {
			ids = append(ids, r.ID)
		}
	}
	return ids, nil
}

// Attach makes a ruleset apply to a deployment; one that applies already is no error there.
func (c filters) Attach(ctx context.Context, ruleset string, d elastic.Deployment) error {
	return c.do(ctx, attaching(ruleset, d), nil)
}

// Detach makes a ruleset no longer apply to a deployment.
func (c filters) Detach(ctx context.Context, ruleset string, d elastic.Deployment) error {
	return forgiveMissing(c.do(ctx, detaching(ruleset, d), nil))
}

// DeleteRuleset deletes a ruleset that applies to nothing any more.
func (c filters) DeleteRuleset(ctx context.Context, ruleset string) error {
	return forgiveMissing(c.do(ctx, deleting(ruleset), nil))
}

// Associated reads GET /deployments/traffic-filter/rulesets/{id}/associations.
func (c filters) Associated(ctx context.Context, ruleset string) ([]string, error) {
	var list struct {
		Associations []struct {
			ID string `json:"id"`
		} `json:"associations"`
	}
	if err := c.do(ctx, request{method: http.MethodGet, path: rulesetPath(ruleset, "associations")}, &list); err != nil {
		return nil, err
	}
	var ids []string
	for _, a := range list.Associations {
		ids = append(ids, a.ID) // other kinds than deployments are not documented; they count as well
	}
	return ids, nil
}

func forgiveMissing(err error) error {
	if elastic.IsNotFound(err) {
		return nil
	}
	return err
}
