package selfmanaged_test

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/selfmanaged"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// elasticsearch answers like a cluster, some of whose nodes take keys.
func elasticsearch(t *testing.T, nodes string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.Header().Set("Content-Type", "application/json")
		body := `{"cluster_name":"dc","cluster_uuid":"u-1","version":{"number":"8.19.4"}}`
		switch r.URL.Path {
		case "/_nodes/remote_cluster_server":
			if nodes == "" {
				w.WriteHeader(http.StatusForbidden)
			}
			body = `{"nodes":{` + nodes + `}}`
		case "/_remote/info":
			body = `{"with":{"mode":"proxy","cluster_credentials":"::es_redacted::"},"without":{"mode":"proxy"}}`
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s
}

func platform(t *testing.T, clusters ...selfmanaged.Cluster) *selfmanaged.Platform {
	t.Helper()
	p, err := selfmanaged.New(selfmanaged.Options{
		Name: "dc", Clusters: clusters, Now: time.Now,
		Credentials: es.Credentials{{Deployment: "*", Username: "u", Password: secret.New("p")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhetherAClusterTakesKeysIsTold(t *testing.T) {
	t.Parallel()
	const serving, deaf = `"a":{"remote_cluster_server":{"publish_address":"10.0.0.1:9443"}}`, `"b":{"name":"b"}`
	for name, test := range map[string]struct {
		nodes, address string
		none           bool
	}{
		"some of its nodes do":           {serving + "," + deaf, "dc.example:9443", false},
		"none of its nodes does":         {deaf, "dc.example:9443", true},
		"who may not be asked may do it": {"", "dc.example:9443", false},
		"nobody knows where":             {serving, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := elasticsearch(t, test.nodes)
			d, err := platform(t, selfmanaged.Cluster{Name: "search", URL: s.URL, Address: test.address}).Deployment(t.Context(), "search")
			want := elastic.Deployment{
				Ref: elastic.Ref{Platform: "dc", Deployment: "search"}, Name: "search", ClusterID: "u-1", Version: "8.19.4", Healthy: true, Status: "started",
				Endpoint: strings.TrimSuffix(test.address, ":9443"), KeyAddress: test.address, NoKeyServer: test.none, ServiceURL: s.URL,
			}
			if diff := cmp.Diff(want, d); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestAClusterThatIsAwayIsFoundWithoutAVersion(t *testing.T) {
	t.Parallel()
	up := elasticsearch(t, "")
	p := platform(t, selfmanaged.Cluster{Name: "up", URL: up.URL}, selfmanaged.Cluster{Name: "away", URL: "http://127.0.0.1:1"})
	found, err := p.Search(t.Context(), "", 10)
	if err != nil || len(found) != 2 || found[0].Version != "8.19.4" || found[1].Version != "" || found[1].Healthy {
		t.Errorf("got %+v, %v", found, err)
	}
	if _, err := p.Deployment(t.Context(), "away"); err == nil {
		t.Error("what is away was read")
	}
}

func TestTheKeystoreIsKnownByTheKeysInUse(t *testing.T) {
	t.Parallel()
	p := platform(t, selfmanaged.Cluster{Name: "search", URL: elasticsearch(t, "").URL})
	names, err := p.SecretNames(t.Context(), elastic.Deployment{Ref: elastic.Ref{Deployment: "search"}})
	if diff := cmp.Diff([]string{"cluster.remote.with.credentials"}, names); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// The authority is read from the connection, unless the configuration names it.
func TestTheCertificateAtTheAddressIsSeen(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	shown := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	c := selfmanaged.Cluster{Name: "search", URL: "https://127.0.0.1:1", Address: strings.TrimPrefix(s.URL, "https://")}
	d := elastic.Deployment{Ref: elastic.Ref{Deployment: "search"}}
	got, err := platform(t, c).ProxyCertificate(t.Context(), d)
	if err != nil || got.Public || got.CA != shown {
		t.Errorf("got %+v, %v, want what the server shows", got, err)
	}
	if block, _ := pem.Decode([]byte(got.CA)); block == nil {
		t.Error("no PEM")
	} else if _, err := x509.ParseCertificate(block.Bytes); err != nil {
		t.Error(err)
	}
	c.ServerCA = "configured"
	if got, err := platform(t, c).ProxyCertificate(t.Context(), d); err != nil || got.CA != "configured" {
		t.Errorf("got %+v, %v, want what is configured", got, err)
	}
	c.ServerCA, c.Address = "", "127.0.0.1:1"
	if got, err := platform(t, c).ProxyCertificate(t.Context(), d); err == nil {
		t.Errorf("got %+v where nobody listens", got)
	}
}
