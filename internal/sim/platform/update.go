package platform

import (
	"fmt"
	"net/http"
)

// updateRequest is DeploymentUpdateRequest as far as it has an effect here. The plan stays as it was sent.
type updateRequest struct {
	Name      string `json:"name"`
	Alias     string `json:"alias"`
	Prune     bool   `json:"prune_orphans"`
	Resources *struct {
		Elasticsearch []payload `json:"elasticsearch"`
		Kibana        []struct {
			RefID string `json:"ref_id"`
		} `json:"kibana"`
	} `json:"resources"`
	Metadata *struct {
		Tags *[]struct{ Key, Value string } `json:"tags"`
	} `json:"metadata"`
}

type payload struct {
	RefID    string         `json:"ref_id"`
	Region   string         `json:"region"`
	Plan     map[string]any `json:"plan"`
	Settings map[string]any `json:"settings"`
}

// updateDeployment answers PUT /deployments/{id}. What is not mentioned stays, except that prune_orphans deletes the
// resources that are not listed, and that the lists of a trust are replaced whole.
func updateDeployment(c *call) (int, any, *apiError) {
	d, bad := c.deployment()
	if bad != nil {
		return 0, nil, bad
	}
	var in updateRequest
	if err := decodeInto(c.raw, &in); err != nil {
		return 0, nil, invalid([]string{"body: " + err.Error()})
	}
	if want := c.query.Get("version"); want != "" && want != fmt.Sprint(d.version) {
		return 0, nil, refuse(http.StatusConflict, "deployments.version_conflict", fmt.Sprintf("The deployment's version is [%d], not [%s]", d.version, want))
	}
	if d.pending() != nil {
		return 0, nil, refuse(http.StatusBadRequest, "clusters.cluster_plan_state_error", "There is a pending plan: wait until it has ended")
	}
	es, trust, bad := in.check(d)
	if bad != nil {
		return 0, nil, bad
	}
	answer := map[string]any{"id": d.id, "name": d.name, "resources": d.references()}
	if in.Prune {
		answer["shutdown_resources"] = in.orphans(d)
	}
	if c.flag("validate_only", false) {
		c.versionHeaders(d)
		return http.StatusOK, answer, nil
	}
	in.put(d, es, trust)
	answer["name"], answer["resources"] = d.name, d.references()
	c.versionHeaders(d)
	return http.StatusOK, answer, nil
}

// check checks the Elasticsearch resource of an update and reads its trust; nil where none is given.
func (in updateRequest) check(d *Deployment) (*payload, *trustSettings, *apiError) {
	if in.Resources == nil || len(in.Resources.Elasticsearch) == 0 {
		if in.Prune && in.Resources != nil {
			return nil, nil, refuse(http.StatusBadRequest, "deployments.elasticsearch.missing", "The Elasticsearch resource can't be pruned from a deployment")
		}
		return nil, nil, nil
	}
	if len(in.Resources.Elasticsearch) > 1 {
		return nil, nil, refuse(http.StatusBadRequest, "deployments.too_many_resources", "A deployment has one Elasticsearch resource", "resources.elasticsearch")
	}
	es := &in.Resources.Elasticsearch[0]
	version, _ := nested(es.Plan, "elasticsearch", "version").(string)
	topology, _ := es.Plan["cluster_topology"].([]any)
	const at = "resources.elasticsearch[0]."
	switch {
	case es.RefID != refMain:
		return nil, nil, refuse(http.StatusBadRequest, "deployments.unknown_ref_id", "There is no Elasticsearch resource ["+es.RefID+"]", at+"ref_id")
	case es.Region != d.region:
		return nil, nil, refuse(http.StatusBadRequest, "deployments.region_mismatch", "The region of a deployment can't be changed", at+"region")
	case version != d.cluster.Version().String():
		return nil, nil, refuse(http.StatusBadRequest, "clusters.plan_invalid_version", "This stand-in does not upgrade: the plan must keep version ["+d.cluster.Version().String()+"]", at+"plan.elasticsearch.version")
	case len(topology) == 0:
		return nil, nil, refuse(http.StatusBadRequest, "clusters.cluster_invalid_plan", "The plan has no topology", at+"plan.cluster_topology")
	}
	given, has := es.Settings["trust"]
	if !has || given == nil {
		return es, nil, nil
	}
	trust, bad := readTrust(given, d.trust, d.p.hexID)
	return es, trust, bad
}

// orphans are the resources that prune_orphans takes.
func (in updateRequest) orphans(d *Deployment) map[string]any {
	out := map[string]any{
		"elasticsearch": []any{}, "kibana": []any{}, "apm": []any{}, "appsearch": []any{}, "enterprise_search": []any{}, "integrations_server": []any{},
	}
	if in.loses(d) {
		out["kibana"] = []any{"main-kibana"}
	}
	return out
}

func (in updateRequest) loses(d *Deployment) bool {
	return d.kibana && in.Prune && (in.Resources == nil || len(in.Resources.Kibana) == 0)
}

func (in updateRequest) put(d *Deployment, es *payload, trust *trustSettings) {
	if in.Name != "" {
		d.name = in.Name
	}
	if in.Alias != "" {
		d.alias = in.Alias
	}
	if in.Metadata != nil && in.Metadata.Tags != nil {
		d.tags = map[string]string{}
		for _, t := range *in.Metadata.Tags {
			d.tags[t.Key] = t.Value
		}
	}
	if in.loses(d) {
		d.kibana = false
	}
	d.changed()
	if es == nil {
		return
	}
	good := d.begin("deployments.update", es.Plan)
	_, clears := es.Settings["trust"]
	switch {
	case trust != nil:
		d.trust = *trust
	case clears: // null: back to the default
		d.trust = ownTrust(d.p.scope)
	default:
		return
	}
	d.carry(good)
}
