package cloudapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/cloudapi"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
)

const (
	getTrust = "/api/v1/deployments/" + id + "?clear_transient=true&enrich_with_template=false&show_instance_metrics=false" +
		"&show_metadata=false&show_plan_history=true&show_plans=true&show_settings=true"
	planJSON = `{"cluster_topology":[{"id":"hot","novel":{"a":1}}],"elasticsearch":{"version":"8.19.3"}}`
	account  = `{"account_id":"42","novel":1,"trust_all":true}`
	external = `{"trust_all":false,"trust_relationship_id":"r1"}`
	direct   = `{"certificates":[{"metadata":{"fingerprint":"f"},"pem":"P"}],"name":"n","novel":[2],"scope_id":"s","trust_all":false,"type":"ECE","uid":"u"}`
)

func trustAnswer(planInfo string) string {
	return `{"id":"` + id + `","resources":{"elasticsearch":[{"ref_id":"main-elasticsearch","info":{
		"settings":{"trust":{"accounts":[` + account + `],"external":[` + external + `],"direct":[` + direct + `]}},
		"plan_info":` + planInfo + `}}]}}`
}

func TestTrustIsWrittenBackWithEverythingElseAsItWas(t *testing.T) {
	t.Parallel()
	there := logs
	there.Region = "ece-region"
	body := `{"prune_orphans":false,"resources":{"elasticsearch":[{"plan":` + planJSON + `,"ref_id":"main-elasticsearch","region":"ece-region",` +
		`"settings":{"trust":{"accounts":[` + account + `],"external":[` + external + `],"direct":[` + direct + `,{"name":"new"}]}}}]}}`
	s := elastictest.Serve(t,
		elastictest.Exchange{
			Want: want("GET", getTrust, ""), Header: http.Header{"X-Cloud-Resource-Version": {"17"}},
			Answer: trustAnswer(`{"current":{"plan_attempt_id":"a2","healthy":true,"attempt_end_time":"2026-01-02T00:00:00Z","plan":` + planJSON + `},
				"history":[{"plan_attempt_id":"a1","healthy":true,"attempt_end_time":"2026-01-01T00:00:00Z"}]}`),
		},
		elastictest.Exchange{Want: want("PUT", "/api/v1/deployments/"+id+"?hide_pruned_orphans=true&skip_snapshot=true&version=17", body), Answer: `{"id":"x"}`},
	)
	c := client(t, s.URL)
	was, err := c.Trust(t.Context(), there)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(elastic.Attempt{ID: "a2", Healthy: true}, was.Last); diff != "" || was.Pending || was.Version != "17" {
		t.Errorf("got %+v", was)
	}
	to := was.Settings
	to.Direct = append(to.Direct, json.RawMessage(`{"name":"new"}`))
	if err := c.SetTrust(t.Context(), there, was, to); err != nil {
		t.Fatal(err)
	}
}

// A plan that failed is in the history alone: the current one is the one before it.
func TestAPlanThatFailedIsTheLatest(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t,
		elastictest.Exchange{Want: want("GET", getTrust, ""), Answer: trustAnswer(
			`{"current":{"plan_attempt_id":"a1","healthy":true,"attempt_end_time":"2026-01-01T00:00:00Z","plan":` + planJSON + `},
			"history":[{"plan_attempt_id":"a2","healthy":false,"attempt_end_time":"2026-01-02T00:00:00Z","error":{"message":"no capacity","timestamp":"","details":{}}},
				{"plan_attempt_id":"a1","healthy":true,"attempt_end_time":"2026-01-01T00:00:00Z"}]}`)},
		elastictest.Exchange{Want: want("GET", getTrust, ""), Answer: trustAnswer(
			`{"current":{"plan_attempt_id":"a1","healthy":true,"attempt_end_time":"2026-01-01T00:00:00Z","plan":` + planJSON + `},"pending":{"plan_attempt_id":"a2"}}`)},
	)
	c := client(t, s.URL)
	got, err := c.Trust(t.Context(), logs)
	if err != nil || got.Last != (elastic.Attempt{ID: "a2", Trouble: "no capacity"}) || got.Pending {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = c.Trust(t.Context(), logs)
	if err != nil || !got.Pending || got.Last.ID != "a1" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// Times come with a fraction of a second and without, which text orders the other way round.
func TestAttemptsAreOrderedByTheirTimes(t *testing.T) {
	t.Parallel()
	for later, earlier := range map[string]string{
		"2026-01-01T00:00:00.500Z": "2026-01-01T00:00:00Z", "2026-01-01T00:30:00Z": "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z": "",
	} {
		s := elastictest.Serve(t, elastictest.Exchange{Want: want("GET", getTrust, ""), Answer: trustAnswer(
			`{"current":{"plan_attempt_id":"earlier","healthy":true,"attempt_end_time":"` + earlier + `","plan":` + planJSON + `},
			"history":[{"plan_attempt_id":"later","healthy":true,"attempt_end_time":"` + later + `"},
				{"plan_attempt_id":"earlier","healthy":true,"attempt_end_time":"` + earlier + `"}]}`)})
		if got, err := client(t, s.URL).Trust(t.Context(), logs); err != nil || got.Last.ID != "later" {
			t.Errorf("%s, %s: got %+v, %v", later, earlier, got.Last, err)
		}
	}
}

func TestARefusedTrustIsAnError(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t, elastictest.Exchange{
		Want:   want("PUT", "/api/v1/deployments/"+id+"?hide_pruned_orphans=true&skip_snapshot=true", `{"prune_orphans":false,"resources":{"elasticsearch":[{"plan":{},"ref_id":"main-elasticsearch","region":"","settings":{"trust":{"accounts":[],"external":[],"direct":[]}}}]}}`),
		Status: http.StatusBadRequest, Answer: `{"errors":[{"code":"trust.invalid","message":"no"}]}`,
	})
	err := client(t, s.URL).SetTrust(t.Context(), logs, elastic.Trusted{Plan: json.RawMessage(`{}`)}, elastic.TrustSettings{Accounts: []json.RawMessage{}})
	if err == nil {
		t.Error("it was taken for success")
	}
}

// Whom a deployment trusts of its own organization is not replaced by nobody because it wasn't shown. A missing list of
// the others is one without entries.
func TestATrustWithoutAccountsIsNotSent(t *testing.T) {
	t.Parallel()
	for name, trust := range map[string]string{
		"accounts are null": `{"accounts":null,"external":[],"direct":[]}`, "accounts are missing": `{"direct":[]}`,
		"all of it is null": `null`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := elastictest.Serve(t, elastictest.Exchange{Want: want("GET", getTrust, ""), Answer: `{"id":"` + id + `","resources":{"elasticsearch":[
				{"ref_id":"main-elasticsearch","info":{"settings":{"trust":` + trust + `},"plan_info":{"current":{"plan_attempt_id":"a1","healthy":true,"plan":` + planJSON + `}}}}]}}`})
			c := client(t, s.URL)
			was, err := c.Trust(t.Context(), logs)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.SetTrust(t.Context(), logs, was, was.Settings); err == nil || !strings.Contains(err.Error(), "settings.trust.accounts is missing") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestMissingListsOfOtherTrustAreEmpty(t *testing.T) {
	t.Parallel()
	body := `{"prune_orphans":false,"resources":{"elasticsearch":[{"plan":"the plan in force, unchanged","ref_id":"main-elasticsearch","region":"","settings":{"trust":{"accounts":[` +
		account + `],"external":[],"direct":[]}}}]}}`
	got := cloudapi.Calls{}.SetTrust(logs, elastic.TrustSettings{Accounts: []json.RawMessage{json.RawMessage(account)}})
	if diff := cmp.Diff(body, got.Body); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnOrganizationIsReadFromTheKeyOrTheTrustedAccount(t *testing.T) {
	t.Parallel()
	plans := `{"current":{"plan_attempt_id":"a1","healthy":true,"plan":` + planJSON + `}}`
	s := elastictest.Serve(t,
		elastictest.Exchange{Want: want("GET", "/api/v1/organizations", ""), Answer: `{"organizations":[{"id":"42","name":"Example"}]}`},
		elastictest.Exchange{Want: want("GET", "/api/v1/organizations", ""), Status: 404, Answer: `{"errors":[]}`},
		elastictest.Exchange{Want: want("GET", getTrust, ""), Answer: trustAnswer(plans)},
	)
	c := client(t, s.URL)
	if got, err := c.OrganizationOf(t.Context(), logs); err != nil || got.ID != "42" || !got.Certain {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := c.OrganizationOf(t.Context(), logs); err != nil || got.ID != "42" || got.Certain {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAnECESuggestsItsID(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t, elastictest.Exchange{
		Want:   want("GET", "/api/v1/regions/ece-region/platform/configuration/trust-relationships?filter=local&include_certificate=true", ""),
		Answer: `{"trust_relationships":[{"id":"x","local":true,"installation_id":"env1","public_ca_cert":"PEM"}]}`,
	})
	got, err := client(t, s.URL).LocalRelationship(t.Context(), "ece-region")
	if diff := cmp.Diff(elastic.Environment{ID: "env1", CA: []string{"PEM"}, Source: "its own trust relationship"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestAllAuthoritiesCountAlsoThoseThatAreComing(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t, elastictest.Exchange{
		Want:   want("GET", "/api/v1/deployments/"+id+"/certificate-authority", ""),
		Answer: `{"public_certificates":[{"active":true,"pem":"A"},{"active":false,"pem":"B"}]}`,
	})
	got, err := client(t, s.URL).Authorities(t.Context(), logs)
	if diff := cmp.Diff([]string{"A", "B"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
