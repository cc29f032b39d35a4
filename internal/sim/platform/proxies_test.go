package platform

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAnECETellsTheCertificateOfItsProxies(t *testing.T) {
	b := newBench(t, DemoOptions{})
	public, err := b.w.AddECE(Spec{Name: "public", PublicProxies: true})
	if err != nil {
		t.Fatal(err)
	}
	const path = "/api/v1/regions/ece-region/platform/configuration/security/tls/"
	for p, supplied := range map[*Platform]bool{b.ece: false, public: true} {
		status, got := b.call(p, "GET", path+"proxy", "")
		b.must(200, status, got)
		chain, _ := got["chain"].([]any)
		if got["user_supplied"] != supplied || len(chain) != 2 || (p.ProxyCA() == "") != supplied || !supplied && chain[1] != p.ProxyCA() {
			t.Errorf("%s: %v", p.Name(), got)
		}
	}
	if status, got := b.call(b.ece, "GET", strings.TrimPrefix(path, "/api/v1/regions/ece-region")+"proxy", ""); status != 404 {
		t.Errorf("without a region: %d %v", status, got)
	}
	if status, got := b.call(b.cloud, "GET", "/api/v1/platform/configuration/security/tls/proxy", ""); status != 404 {
		t.Errorf("on Elastic Cloud: %d %v", status, got)
	}
}

// An entry of the type proxy that the API is sent counts like one that a person uploads, once its plan has ended.
func TestAnEntryForProxiesOpensThePortForKeys(t *testing.T) {
	b := newBench(t, DemoOptions{})
	local := b.cloud.Deployment("metrics-eu")
	_, trust := b.call(b.cloud, "GET", "/api/v1/deployments/"+local.ID()+"/elasticsearch/_main?show_settings=true", "")
	own := nested(trust, "info", "settings", "trust", "accounts")
	account, _ := own.([]any)[0].(map[string]any)
	status, out := b.update(local, "", fmt.Sprintf(`{"accounts":[{"account_id":%q,"trust_all":true}],"external":[],"direct":[{"type":"proxy","name":"ece","trust_all":false,"certificates":[{"pem":%q}]}]}`,
		account["account_id"], b.ece.ProxyCA()), "")
	b.must(200, status, out)
	trusts := func() bool {
		for _, one := range local.Cluster().State().Trust {
			if one.Proxies && strings.Contains(one.Certificates[0], b.ece.ProxyCA()) {
				return true
			}
		}
		return false
	}
	if trusts() {
		t.Error("trusted before the plan has ended")
	}
	b.clock.pass(time.Minute)
	if !trusts() {
		t.Error("not trusted")
	}
	if err := local.TrustProxies("nonsense", "no certificate"); err == nil {
		t.Error("what is no certificate was uploaded")
	}
}
