package cloudapi_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/cloudapi"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	apiKey  = "canary-platform-key"
	encoded = "canary-encoded-key"
	id      = "0fb1e2c3d4e5f60718293a4b5c6d7e8f"
)

var logs = elastic.Deployment{Ref: elastic.Ref{Platform: "ece-prod", Deployment: id}, Name: "logs-prod", RefID: "main-elasticsearch"}

func client(t *testing.T, url string) *cloudapi.Client {
	t.Helper()
	transport := transport.NewTransport(transport.Trust{})
	t.Cleanup(transport.CloseIdleConnections)
	c, err := cloudapi.New(cloudapi.Options{
		System: "ece-prod", BaseURL: url + "/", APIKey: secret.New(apiKey), Transport: transport,
		Now: time.Now, CallTimeout: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func want(method, uri, body string) elastictest.Request {
	header := map[string]string{
		"Authorization": "ApiKey " + apiKey, "Accept": "application/json", "User-Agent": "remote-cluster-bot",
	}
	if body != "" {
		header["Content-Type"] = "application/json"
	}
	return elastictest.Request{Method: method, URI: uri, Header: header, Body: body}
}

const getDeployment = "/api/v1/deployments/" + id + "?enrich_with_template=false&show_instance_configurations=false" +
	"&show_instance_metrics=false&show_metadata=true&show_plans=true"

func TestDeploymentIsReadWithItsConnection(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t, elastictest.Exchange{Want: want("GET", getDeployment, ""), Answer: `{
		"id":"` + id + `","name":"logs-prod","healthy":true,"unknown_2027":{"x":1},
		"metadata":{"tags":[{"key":"team","value":"search"}]},
		"resources":{"kibana":[],"elasticsearch":[{"ref_id":"main-elasticsearch","id":"c1","region":"ece-region","info":{
			"cluster_id":"c1","healthy":true,"status":"started",
			"plan_info":{"healthy":true,"current":{"plan":{"elasticsearch":{"version":"8.19.3"}}},"history":[]},
			"metadata":{"endpoint":"c1.ece.example.org","service_url":"https://c1.ece.example.org:9243","raw":{"password":"x"},
				"ports":{"http":9200,"https":9243,"transport_passthrough":9400}}}}]}}`})
	got, err := client(t, s.URL).Deployment(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	wanted := elastic.Deployment{
		Ref: elastic.Ref{Platform: "ece-prod", Deployment: id}, Name: "logs-prod", RefID: "main-elasticsearch",
		ClusterID: "c1", Region: "ece-region", Version: "8.19.3", Healthy: true, Status: "started",
		Endpoint: "c1.ece.example.org", ServiceURL: "https://c1.ece.example.org:9243", TransportPort: 9400,
		Tags: map[string]string{"team": "search"},
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDeploymentUnderWayHasNoPlanYet(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t, elastictest.Exchange{Want: want("GET", getDeployment, ""), Answer: `{"id":"` + id + `","name":"n",
		"resources":{"elasticsearch":[{"ref_id":"main-elasticsearch","id":"c1","region":"r","info":{"status":"initializing",
			"plan_info":{"pending":{"plan":{}}},"topology":{"instances":[{},{"service_version":"9.1.0"}]},
			"metadata":{"service_url":null,"services_urls":[{"service":"kibana","url":"https://k"},{"service":"elasticsearch","url":"https://e"}],
				"ports":{"http":9200,"https":443,"transport_passthrough":null}}}}]}}`})
	got, err := client(t, s.URL).Deployment(t.Context(), id)
	if err != nil || !got.Pending || got.Version != "9.1.0" || got.TransportPort != 0 || got.ClusterID != "c1" || got.Healthy || got.ServiceURL != "https://e" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestForgedIdMakesNoCall(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t)
	for _, forged := range []string{"", ".", "..", "../account", "a/b", "a?b", "a%2fb", "a b", "ä"} {
		if _, err := client(t, s.URL).Deployment(t.Context(), forged); !elastic.IsNotFound(err) {
			t.Errorf("%q: got %v, want nothing found", forged, err)
		}
		d := logs
		d.RefID = forged
		if err := client(t, s.URL).StoreSecret(t.Context(), d, "n", secret.New("v")); err == nil {
			t.Errorf("%q was taken for a resource", forged)
		}
	}
}

func TestRulesetThatIsNotReadableStillCounts(t *testing.T) {
	t.Parallel()
	const base = "/api/v1/deployments/traffic-filter/"
	s := elastictest.Serve(t,
		elastictest.Exchange{Want: want("GET", base+"associations/deployment/"+id+"/rulesets", ""), Answer: `{"rulesets":["r1","r2"]}`},
		elastictest.Exchange{Want: want("GET", base+"rulesets/r1", ""), Answer: `{"id":"r1","name":"office","type":"ip","region":"r","include_by_default":false,"rules":[{"source":"198.51.100.0/24"},{"azure_endpoint_name":"near","azure_endpoint_guid":"7c0f"},{"remote_cluster_id":"x"},{"remote_cluster_org_id":"o","remote_cluster_id":"y"}]}`},
		elastictest.Exchange{Want: want("GET", base+"rulesets/r2", ""), Status: 404, Answer: `{"errors":[{"code":"traffic_filter.not_found","message":"no"}]}`},
	)
	got, err := client(t, s.URL).Rulesets(t.Context(), logs)
	if err != nil {
		t.Fatal(err)
	}
	wanted := []elastic.Ruleset{{ID: "r1", Name: "office", Type: "ip", Region: "r", Sources: []string{"198.51.100.0/24", "near 7c0f"}, Clusters: []elastic.ClusterRule{{Cluster: "x"}, {Organization: "o", Cluster: "y"}}}, {ID: "r2"}}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCertificatesAndOrganizations(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t,
		elastictest.Exchange{
			Want:   want("GET", "/api/v1/deployments/"+id+"/certificate-authority", ""),
			Answer: `{"recommended_trust_restriction":"*.node.c1.cluster.x","public_certificates":[{"active":true,"pem":"A","metadata":{}},{"active":false,"pem":"B","metadata":{}}]}`,
		},
		elastictest.Exchange{Want: want("GET", "/api/v1/organizations", ""), Answer: `{"organizations":[{"id":"o1","name":"Acme"}]}`},
	)
	c := client(t, s.URL)
	ca, err := c.CertificateAuthority(t.Context(), id)
	if err != nil || len(ca.Certificates) != 2 || ca.Certificates[1].PEM != "B" || ca.RecommendedTrustRestriction == "" {
		t.Errorf("got %+v, %v", ca, err)
	}
	orgs, err := c.Organizations(t.Context())
	if err != nil || len(orgs) != 1 || orgs[0].ID != "o1" {
		t.Errorf("got %+v, %v", orgs, err)
	}
}

// Whatever goes wrong: the error tells what it should, one request was made, and no secret shows.
func TestFailures(t *testing.T) {
	t.Parallel()
	echo := fmt.Sprintf(`{"errors":[{"code":"some.code","message":"you sent ApiKey %s and %s"}]}`, apiKey, encoded)
	for name, test := range map[string]struct {
		status    int
		instead   http.HandlerFunc
		header    http.Header
		wantCode  string
		ambiguous bool
		temporary bool
	}{
		"bad key":           {status: 401, wantCode: "some.code"},
		"not allowed":       {status: 403, wantCode: "some.code"},
		"not there":         {status: 404, wantCode: "some.code"},
		"conflict":          {status: 409, wantCode: "some.code"},
		"elevation wanted":  {status: 449, wantCode: "some.code"},
		"too many":          {status: 429, wantCode: "some.code", temporary: true},
		"server's fault":    {status: 500, wantCode: "some.code", ambiguous: true, temporary: true},
		"not now":           {status: 503, wantCode: "some.code", ambiguous: true, temporary: true},
		"redirect":          {status: 307, header: http.Header{"Location": {"/elsewhere"}}, wantCode: "redirect"},
		"hangs":             {instead: hang, ambiguous: true, temporary: true},
		"cuts":              {instead: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ambiguous: true, temporary: true},
		"half an answer":    {instead: half, ambiguous: true, temporary: true},
		"a page of a proxy": {instead: page, ambiguous: true, temporary: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := elastictest.Serve(t, elastictest.Exchange{
				Want:   want("PATCH", keystore, `{"secrets":{"`+entry+`":{"value":"`+encoded+`"}}}`),
				Status: test.status, Answer: echo, Header: test.header, Instead: test.instead,
			})
			var log bytes.Buffer
			transport := transport.NewTransport(transport.Trust{})
			t.Cleanup(transport.CloseIdleConnections)
			c, err := cloudapi.New(cloudapi.Options{
				System: "ece-prod", BaseURL: s.URL + "/api/v1", APIKey: secret.New(apiKey), Transport: transport, Now: time.Now,
				CallTimeout: time.Second,
				Log:         slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			})
			if err != nil {
				t.Fatal(err)
			}
			err = c.StoreSecret(t.Context(), logs, entry, secret.New(encoded))
			call, ok := errors.AsType[*elastic.CallError](err)
			if !ok {
				t.Fatalf("got %v, want a *link.CallError", err)
			}
			if call.Code != test.wantCode || call.Ambiguous != test.ambiguous || call.Temporary() != test.temporary {
				t.Errorf("got code %q, ambiguous %v, temporary %v (%v)", call.Code, call.Ambiguous, call.Temporary(), call)
			}
			if s.Requests() != 1 {
				t.Errorf("%d requests, want one: only the executor repeats", s.Requests())
			}
			for _, text := range []string{err.Error(), fmt.Sprintf("%+v %#v", call, call), log.String()} {
				if strings.Contains(text, "canary") {
					t.Errorf("a secret shows: %s", text)
				}
			}
			if !strings.Contains(log.String(), "called elastic") {
				t.Error("the call was not logged")
			}
		})
	}
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func half(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = w.Write([]byte(`{"secrets":{`))
}

func page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusBadGateway)
	_, _ = w.Write([]byte(`<html>` + apiKey + `</html>`))
}

func TestBadOptionsAreRefusedWithoutPrintingThem(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "ftp://h", "https://", "https://bot:canary@h", "https://h?x=canary", "https://h\x7f", "h:12443"} {
		_, err := cloudapi.New(cloudapi.Options{System: "s", BaseURL: bad, APIKey: secret.New(apiKey), Now: time.Now})
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: got %v", bad, err)
		}
	}
	if _, err := cloudapi.New(cloudapi.Options{System: "s", BaseURL: "https://h", Now: time.Now}); err == nil {
		t.Error("no key was needed")
	}
	if _, err := cloudapi.New(cloudapi.Options{System: "s", BaseURL: "https://h", APIKey: secret.New(apiKey)}); err == nil {
		t.Error("no clock was needed")
	}
}
