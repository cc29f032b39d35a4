package cloudapi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
)

// planned is the Elasticsearch resource of a deployment with its plans and trust, in raw JSON where it is sent back.
type planned struct {
	Resources struct {
		Elasticsearch []struct {
			RefID string `json:"ref_id"`
			Info  struct {
				PlanInfo struct {
					Current *planAttempt    `json:"current"`
					Pending json.RawMessage `json:"pending"`
					History []planAttempt   `json:"history"`
				} `json:"plan_info"`
				Settings struct {
					Trust elastic.TrustSettings `json:"trust"`
				} `json:"settings"`
			} `json:"info"`
		} `json:"elasticsearch"`
	} `json:"resources"`
}

// planAttempt is ElasticsearchClusterPlanInfo.
type planAttempt struct {
	ID      string          `json:"plan_attempt_id"`
	Healthy bool            `json:"healthy"`
	Began   string          `json:"attempt_start_time"`
	Ended   string          `json:"attempt_end_time"`
	Plan    json.RawMessage `json:"plan"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// trusts reads and sets whom deployments trust, and reads organizations and certificates.
type trusts struct{ *caller }

type trustCalls struct{}

// Trust reads whom a deployment trusts, with the plan that has to be sent along to change that. The plan comes without
// its transient part, which must not be carried out a second time (the API's description of clear_transient).
func (c trusts) Trust(ctx context.Context, d elastic.Deployment) (elastic.Trusted, error) {
	query := url.Values{
		"show_settings": {"true"}, "show_plans": {"true"}, "show_plan_history": {"true"}, "clear_transient": {"true"},
		"show_metadata": {"false"}, "enrich_with_template": {"false"}, "show_instance_metrics": {"false"},
	}
	var found planned
	path := []string{"deployments", d.Deployment}
	header, err := c.doHeader(ctx, request{method: http.MethodGet, path: path, query: query}, &found)
	if err != nil {
		return elastic.Trusted{}, err
	}
	for _, es := range found.Resources.Elasticsearch {
		if es.RefID != d.RefID {
			continue
		}
		info := es.Info.PlanInfo
		if info.Current == nil || len(info.Current.Plan) == 0 {
			return elastic.Trusted{}, fmt.Errorf("%s: deployment %s has no plan in force yet", c.system, d.Deployment)
		}
		last := latest(append(info.History, *info.Current))
		return elastic.Trusted{
			Settings: es.Info.Settings.Trust, Plan: info.Current.Plan, Version: header.Get("X-Cloud-Resource-Version"),
			Pending: len(info.Pending) > 0 && string(info.Pending) != "null", Last: last.inLinkTerms(c.scrub),
		}, nil
	}
	return elastic.Trusted{}, fmt.Errorf("%s: deployment %s has no Elasticsearch resource %s", c.system, d.Deployment, d.RefID)
}

// latest is the attempt that ended last: a failed one is in the history alone, and not the current one.
func latest(all []planAttempt) planAttempt {
	return slices.MaxFunc(all, func(a, b planAttempt) int {
		return cmp.Or(at(a.Ended).Compare(at(b.Ended)), at(a.Began).Compare(at(b.Began)))
	})
}

// at reads a time as the platform writes it, with a fraction of a second or without; one that is not given is before all.
func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

func (a planAttempt) inLinkTerms(scrub transport.Scrubber) elastic.Attempt {
	out := elastic.Attempt{ID: a.ID, Healthy: a.Healthy}
	if a.Error != nil {
		out.Trouble = scrub.Text(cmp.Or(a.Error.Message, "the platform does not say why"))
	}
	return out
}

// changing is PUT /deployments/{id} (DeploymentUpdateRequest) that changes a deployment's trust and nothing else.
func changing(d elastic.Deployment, plan json.RawMessage, to elastic.TrustSettings) request {
	query := url.Values{"skip_snapshot": {"true"}, "hide_pruned_orphans": {"true"}}
	body := map[string]any{
		"prune_orphans": false, // true would delete every resource that is not listed
		"resources": map[string]any{"elasticsearch": []any{map[string]any{
			"ref_id": d.RefID, "region": d.Region, "plan": plan, "settings": map[string]any{"trust": to.Normal()},
		}}},
	}
	return request{method: http.MethodPut, path: []string{"deployments", d.Deployment}, query: query, body: body}
}

// SetTrust describes Client.SetTrust. Words stand for the deployment's plan, which is sent back unchanged.
func (trustCalls) SetTrust(d elastic.Deployment, to elastic.TrustSettings) change.Call {
	return changing(d, json.RawMessage(`"the plan in force, unchanged"`), to).describe()
}

// SetTrust sends PUT /deployments/{id} with the plan as it was read and another trust, on the version that was read. It
// sends nothing if the trust is not TrustSettings.Writable. There is no rehearsal by validate_only: the call itself is
// validated before anything is done, and people have approved one call.
func (c trusts) SetTrust(ctx context.Context, d elastic.Deployment, was elastic.Trusted, to elastic.TrustSettings) error {
	if err := to.Writable(d); err != nil {
		return err
	}
	r := changing(d, was.Plan, to)
	if was.Version != "" {
		r.query.Set("version", was.Version)
	}
	return c.do(ctx, r, nil)
}

// Authorities returns all certificates of a deployment's authorities, in PEM: those that are not active yet will be.
func (c trusts) Authorities(ctx context.Context, d elastic.Deployment) ([]string, error) {
	ca, err := c.CertificateAuthority(ctx, d.Deployment)
	if err != nil {
		return nil, err
	}
	var pems []string
	for _, one := range ca.Certificates {
		pems = append(pems, one.PEM)
	}
	return pems, nil
}

// OrganizationOf says which organization of Elastic Cloud a deployment belongs to: the one that the key belongs to, or
// else the one whose accounts the deployment trusts by default.
func (c trusts) OrganizationOf(ctx context.Context, d elastic.Deployment) (elastic.Environment, error) {
	all, err := c.Organizations(ctx)
	if err == nil && len(all) == 1 {
		return elastic.Environment{ID: all[0].ID, Source: "Elastic Cloud", Certain: true}, nil
	}
	now, err := c.Trust(ctx, d)
	if err != nil {
		return elastic.Environment{}, err
	}
	for _, raw := range now.Settings.Accounts {
		var account struct {
			ID  string `json:"account_id"`
			All bool   `json:"trust_all"`
		}
		if json.Unmarshal(raw, &account) == nil && account.All {
			return elastic.Environment{ID: account.ID, Source: "the trust settings of " + d.Name}, nil
		}
	}
	return elastic.Environment{}, nil
}

// LocalRelationship is what an ECE says of itself among its trust relationships. Whether its installation_id is the
// environment id that Elastic's page speaks of is documented nowhere, so it is a suggestion.
func (c trusts) LocalRelationship(ctx context.Context, region string) (elastic.Environment, error) {
	var list struct {
		Relationships []struct {
			Local          bool   `json:"local"`
			InstallationID string `json:"installation_id"`
			CA             string `json:"public_ca_cert"`
		} `json:"trust_relationships"`
	}
	path := []string{"regions", region, "platform", "configuration", "trust-relationships"}
	query := url.Values{"filter": {"local"}, "include_certificate": {"true"}}
	if err := c.do(ctx, request{method: http.MethodGet, path: path, query: query}, &list); err != nil {
		return elastic.Environment{}, err
	}
	for _, r := range list.Relationships {
		if r.Local {
			e := elastic.Environment{ID: r.InstallationID, Source: "its own trust relationship"}
			if r.CA != "" {
				e.CA = []string{r.CA}
			}
			return e, nil
		}
	}
	return elastic.Environment{}, nil
}
