package contract

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elastic/cloud-sdk-go/pkg/api"
	"github.com/elastic/cloud-sdk-go/pkg/api/apierror"
	"github.com/elastic/cloud-sdk-go/pkg/api/deploymentapi"
	"github.com/elastic/cloud-sdk-go/pkg/api/deploymentapi/deputil"
	"github.com/elastic/cloud-sdk-go/pkg/api/deploymentapi/eskeystoreapi"
	"github.com/elastic/cloud-sdk-go/pkg/api/deploymentapi/trafficfilterapi"
	"github.com/elastic/cloud-sdk-go/pkg/api/organizationapi"
	"github.com/elastic/cloud-sdk-go/pkg/api/platformapi/allocatorapi"
	"github.com/elastic/cloud-sdk-go/pkg/auth"
	"github.com/elastic/cloud-sdk-go/pkg/client/deployments"
	"github.com/elastic/cloud-sdk-go/pkg/models"
	"github.com/elastic/cloud-sdk-go/pkg/plan"
	"github.com/elastic/cloud-sdk-go/pkg/plan/planutil"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

// sdk is Elastic's own client of a stand-in.
func sdk(t *testing.T, p *platform.Platform) *api.API {
	t.Helper()
	transport := &http.Transport{} // one for each: the SDK writes into it
	t.Cleanup(transport.CloseIdleConnections)
	a, err := api.NewAPI(api.Config{
		Client: &http.Client{Transport: transport}, AuthWriter: auth.APIKey(p.Key()), Host: p.URL(), Timeout: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// onBoth runs a test with Elastic's SDK against an ECE and an Elastic Cloud, on a deployment that each has.
func onBoth(t *testing.T, planTime time.Duration, test func(t *testing.T, a *api.API, p *platform.Platform, d *platform.Deployment)) {
	t.Helper()
	for platformName, deployment := range map[string]string{"ece-prod": "logs-prod", "elastic-cloud": "metrics-eu"} {
		t.Run(platformName, func(t *testing.T) {
			w, seen, _ := demo(t, planTime)
			p := w.Platform(platformName)
			test(t, sdk(t, p), p, p.Deployment(deployment))
			spec := swaggers(t)[platformName]
			for _, x := range seen.exchanges() { // what the SDK sends is its own business
				if err := spec.checkAnswer(x); err != nil {
					t.Errorf("%s %s: %v", x.Method, x.Path, err)
				}
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheSDKFindsDeployments(t *testing.T) {
	onBoth(t, 0, func(t *testing.T, a *api.API, p *platform.Platform, d *platform.Deployment) {
		t.Helper()
		found, err := deploymentapi.Search(deploymentapi.SearchParams{API: a, Context: t.Context(), Request: &models.SearchRequest{
			Size: 10, Sort: []any{"id"},
			Query: &models.QueryContainer{Prefix: map[string]models.PrefixQuery{"name.keyword": {Value: new(d.Name())}}},
		}})
		must(t, err)
		if len(found.Deployments) != 1 || *found.Deployments[0].ID != d.ID() || found.MatchCount != 1 {
			t.Errorf("searched: %+v", found)
		}
		all, err := deploymentapi.List(deploymentapi.ListParams{API: a})
		must(t, err)
		if len(all.Deployments) != len(p.Deployments()) {
			t.Errorf("listed %d deployments", len(all.Deployments))
		}
		byCluster, err := deploymentapi.Search(deploymentapi.SearchParams{
			API: a, Context: t.Context(), Request: plan.NewReverseLookupQuery(d.Cluster().ID(), "elasticsearch"),
		})
		must(t, err)
		if len(byCluster.Deployments) != 1 || *byCluster.Deployments[0].ID != d.ID() {
			t.Errorf("by cluster: %+v", byCluster)
		}
		got, err := deploymentapi.Get(deploymentapi.GetParams{
			API: a, DeploymentID: d.ID(), QueryParams: deputil.QueryParams{ShowMetadata: true, ShowPlans: true, ShowSettings: true},
		})
		must(t, err)
		es := got.Resources.Elasticsearch[0]
		if es.Info.Metadata.Endpoint != d.Endpoint() || es.Info.PlanInfo.Current.Plan.Elasticsearch.Version != d.Cluster().Version().String() ||
			*es.Info.ClusterID != d.Cluster().ID() || len(es.Info.Settings.Trust.Accounts) == 0 {
			t.Errorf("got: %+v", es.Info)
		}
	})
}

func TestTheSDKKnowsOurRefusals(t *testing.T) {
	onBoth(t, 0, func(t *testing.T, a *api.API, _ *platform.Platform, _ *platform.Deployment) {
		t.Helper()
		_, err := deploymentapi.Get(deploymentapi.GetParams{API: a, DeploymentID: missing})
		if err == nil || !strings.Contains(err.Error(), "deployments.deployment_not_found") {
			t.Errorf("got %v", err)
		}
		if _, ok := err.(*deployments.GetDeploymentNotFound); !ok && !strings.Contains(err.Error(), "api error") { //nolint:errorlint // the SDK wraps it in a type of its own
			t.Errorf("got a %T", err)
		}
		if apierror.IsRuntimeStatusCode(err, http.StatusNotFound) {
			t.Error("a declared status came back as an undeclared one")
		}
	})
}

func TestTheSDKWritesTheKeystore(t *testing.T) {
	onBoth(t, 0, func(t *testing.T, a *api.API, _ *platform.Platform, d *platform.Deployment) {
		t.Helper()
		const name = "cluster.remote.metrics.credentials"
		names := func(k *models.KeystoreContents) []string { return slices.Sorted(maps.Keys(k.Secrets)) }
		update := func(secret models.KeystoreSecret) []string {
			t.Helper()
			kept, err := eskeystoreapi.Update(eskeystoreapi.UpdateParams{ // without a RefID: it asks for it
				API: a, DeploymentID: d.ID(), Contents: &models.KeystoreContents{Secrets: map[string]models.KeystoreSecret{name: secret}},
			})
			must(t, err)
			return names(kept)
		}
		if got := update(models.KeystoreSecret{Value: "a2V5", AsFile: new(false)}); !slices.Contains(got, name) {
			t.Errorf("stored: %v", got)
		}
		kept, err := eskeystoreapi.Get(eskeystoreapi.GetParams{API: a, DeploymentID: d.ID(), RefID: "main-elasticsearch"})
		must(t, err)
		if s := kept.Secrets[name]; s.Value != nil || s.AsFile == nil || *s.AsFile {
			t.Errorf("read: %+v", s)
		}
		if got := update(models.KeystoreSecret{}); slices.Contains(got, name) {
			t.Errorf("removed: %v", got)
		}
	})
}

// A trust change as Elastic's tools make it: the deployment is read, an update is made of it, and the plan is waited for.
func TestTheSDKChangesTrust(t *testing.T) {
	onBoth(t, 300*time.Millisecond, func(t *testing.T, a *api.API, p *platform.Platform, d *platform.Deployment) {
		t.Helper()
		query := deputil.QueryParams{ShowPlans: true, ShowSettings: true, ShowMetadata: true, ShowPlanLogs: true, ShowPlanHistory: true}
		get := func() *models.DeploymentGetResponse {
			t.Helper()
			got, err := deploymentapi.Get(deploymentapi.GetParams{API: a, DeploymentID: d.ID(), QueryParams: query})
			must(t, err)
			return got
		}
		before := get()
		pem, err := p.NodeCA(*before.Resources.Elasticsearch[0].Region)
		must(t, err)
		req := deploymentapi.NewUpdateRequest(before)
		trust := req.Resources.Elasticsearch[0].Settings.Trust
		if len(trust.Accounts) != 1 {
			t.Fatalf("the update does not carry the trust over: %+v", trust)
		}
		trust.External = []*models.ExternalTrustRelationship{}
		trust.Direct = []*models.DirectTrustRelationship{{
			Name: new("elsewhere"), Type: "ESS", ScopeID: "1234567890", TrustAll: new(false), TrustAllowlist: []string{missing},
			Certificates: []*models.TrustedCertificate{{Pem: new(pem)}},
		}}
		_, err = deploymentapi.Update(deploymentapi.UpdateParams{API: a, DeploymentID: d.ID(), Request: req})
		must(t, err)
		var told bytes.Buffer
		must(t, planutil.TrackChange(planutil.TrackChangeParams{
			TrackChangeParams: plan.TrackChangeParams{
				API: a, DeploymentID: d.ID(), Config: plan.TrackFrequencyConfig{PollFrequency: 50 * time.Millisecond, MaxRetries: 2},
			},
			Writer: &told, Format: "text",
		}))
		if !strings.Contains(told.String(), "finished running all the plan steps") {
			t.Errorf("tracked: %s", told.String())
		}
		after := get().Resources.Elasticsearch[0]
		if after.Info.PlanInfo.Pending != nil || len(after.Info.Settings.Trust.Accounts) != 1 || len(after.Info.Settings.Trust.Direct) != 1 ||
			after.Info.Settings.Trust.Direct[0].ScopeID != "1234567890" {
			t.Errorf("after: %+v", after.Info.Settings.Trust)
		}
	})
}

func TestTheSDKFiltersTraffic(t *testing.T) {
	onBoth(t, 0, func(t *testing.T, a *api.API, _ *platform.Platform, d *platform.Deployment) {
		t.Helper()
		got, err := deploymentapi.Get(deploymentapi.GetParams{API: a, DeploymentID: d.ID()})
		must(t, err)
		made, err := trafficfilterapi.Create(trafficfilterapi.CreateParams{API: a, Req: &models.TrafficFilterRulesetRequest{
			Name: new("office"), Type: new("ip"), Region: got.Resources.Elasticsearch[0].Region, IncludeByDefault: new(false),
			Rules: []*models.TrafficFilterRule{{Source: "203.0.113.0/24"}},
		}})
		must(t, err)
		must(t, trafficfilterapi.CreateAssociation(trafficfilterapi.CreateAssociationParams{
			API: a, ID: *made.ID, EntityID: d.ID(), EntityType: "deployment",
		}))
		must(t, trafficfilterapi.CreateAssociation(trafficfilterapi.CreateAssociationParams{ // once more: 200 instead of 201
			API: a, ID: *made.ID, EntityID: d.ID(), EntityType: "deployment",
		}))
		one, err := trafficfilterapi.Get(trafficfilterapi.GetParams{API: a, ID: *made.ID, IncludeAssociations: true})
		must(t, err)
		if len(one.Associations) != 1 || *one.Associations[0].ID != d.ID() || one.Rules[0].Source != "203.0.113.0/24" {
			t.Errorf("got: %+v", one)
		}
		change := trafficfilterapi.NewUpdateRequestFromGet(one)
		change.Rules = append(change.Rules, &models.TrafficFilterRule{Source: "198.51.100.7"})
		_, err = trafficfilterapi.Update(trafficfilterapi.UpdateParams{API: a, ID: *made.ID, Req: change})
		must(t, err)
		all, err := trafficfilterapi.List(trafficfilterapi.ListParams{API: a, IncludeAssociations: true})
		must(t, err)
		if len(all.Rulesets) != 1 || len(all.Rulesets[0].Rules) != 2 {
			t.Errorf("listed: %+v", all)
		}
		must(t, trafficfilterapi.DeleteAssociation(trafficfilterapi.DeleteAssociationParams{
			API: a, ID: *made.ID, EntityID: d.ID(), EntityType: "deployment",
		}))
		must(t, trafficfilterapi.Delete(trafficfilterapi.DeleteParams{API: a, ID: *made.ID}))
		if _, err := trafficfilterapi.Get(trafficfilterapi.GetParams{API: a, ID: *made.ID}); err == nil {
			t.Error("the ruleset is still there")
		}
	})
}

func TestTheSDKReadsWhatOnlyOneOfThemHas(t *testing.T) {
	w, _, _ := demo(t, 0)
	zones, err := allocatorapi.List(allocatorapi.ListParams{API: sdk(t, w.Platform("ece-prod")), Region: "ece-region", Size: 100})
	must(t, err)
	if len(zones.Zones) != 3 || *zones.Zones[0].Allocators[0].HostIP == "" {
		t.Errorf("allocators: %+v", zones)
	}
	organizations, err := organizationapi.List(organizationapi.ListParams{API: sdk(t, w.Platform("elastic-cloud"))})
	must(t, err)
	if len(organizations) != 1 || *organizations[0].ID != w.Platform("elastic-cloud").Scope() {
		t.Errorf("organizations: %+v", organizations)
	}
	for name, deployment := range map[string]string{"ece-prod": "logs-prod", "elastic-cloud": "metrics-eu"} {
		p := w.Platform(name)
		a := sdk(t, p)
		ca, err := a.V1API.Deployments.GetDeploymentCertificateAuthority(
			deployments.NewGetDeploymentCertificateAuthorityParams().WithContext(t.Context()).WithDeploymentID(p.Deployment(deployment).ID()), a.AuthWriter)
		must(t, err)
		if len(ca.Payload.PublicCertificates) == 0 {
			t.Errorf("%s: no certificate", name)
		}
	}
}
