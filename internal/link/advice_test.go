package link

import (
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

func abouts(all []change.Advice) string {
	var out []string
	for _, a := range all {
		out = append(out, a.About)
	}
	return strings.Join(out, ", ")
}

// Each is told where it matters alone: nobody reads what comes with every connection.
func TestAdviceIsForThoseItConcerns(t *testing.T) {
	enterprise := elastic.License{Type: "enterprise", Active: true}
	pair := func(edit func(*PairState, *ConnectParams)) string {
		local, remote := elastic.Ref{Platform: "ece", Deployment: "l"}, elastic.Ref{Platform: "ech", Deployment: "r"}
		s := PairState{
			Local: elastic.Deployment{Ref: local, Name: "logs", Version: "9.4.2"}, LocalOn: System{Name: "ece", Kind: elastic.KindECE},
			Remote: elastic.Deployment{Ref: remote, Name: "eu", Version: "9.5.0"}, RemoteOn: System{Name: "ech", Kind: elastic.KindECH},
			LocalLicense: enterprise, RemoteLicense: enterprise,
		}
		c := ConnectParams{Local: local, Remote: remote, Alias: "eu", Access: elastic.Access{Search: []string{"metrics-*"}}}
		edit(&s, &c)
		return abouts(Advice(s, c))
	}
	for name, tt := range map[string]struct {
		edit func(*PairState, *ConnectParams)
		want string
	}{
		"nothing special": {func(*PairState, *ConnectParams) {}, ""},
		"certificates without Enterprise": {func(s *PairState, c *ConnectParams) {
			c.Model, s.RemoteLicense.Type = ModelCertificate, "basic"
		}, "esql ece/l ech/r"},
		"certificates, license not read": {func(s *PairState, c *ConnectParams) {
			c.Model, s.Unread = ModelCertificate, []Unread{{Part: PartRemoteCluster, Err: elastic.ErrNoCredentials}}
		}, "esql ece/l ech/r"},
		"certificates with Enterprise": {func(_ *PairState, c *ConnectParams) { c.Model = ModelCertificate }, ""},
		"what Fleet keeps":             {func(_ *PairState, c *ConnectParams) { c.Access.Search = []string{".fleet-actions*"} }, "fleet ece/l"},
		"what Defend keeps":            {func(_ *PairState, c *ConnectParams) { c.Access.Search = []string{"metrics-endpoint.*"} }, "fleet ece/l"},
		"what Defend keeps, from 9.5 on": {func(s *PairState, c *ConnectParams) {
			s.Local.Version, c.Access.Search = "9.5.0", []string{"logs-endpoint.*"}
		}, ""},
		"a new role": {func(_ *PairState, c *ConnectParams) { c.Role = &RoleOptions{Name: "readers"} }, "rules ece/l"},
		"somebody else's role": {func(s *PairState, c *ConnectParams) {
			c.Role, s.Role = &RoleOptions{Name: "x"}, []byte(`{"cluster":["all"]}`)
		}, ""},
		"replication on one ECE": {func(_ *PairState, c *ConnectParams) { c.Access.Replication = []string{"a"} }, "ccr ece/l"},
		"replication between two": {func(s *PairState, c *ConnectParams) {
			c.Access.Replication, s.RemoteOn.Kind = []string{"a"}, elastic.KindECE
		}, "ccr ece/l, ccr ech/r"},
	} {
		if got := pair(tt.edit); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
