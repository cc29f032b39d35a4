package plan

import (
	"net"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// Followed is what of a planned connect follows from its deployments alone: where an alias, an address or an id is what
// Prefill would suggest, other deployments make it another one. What a person chose otherwise is left empty. It is told
// from the plan, so that nothing need be asked and deployments may be gone.
func Followed(p change.Proposal) link.ConnectParams {
	c, err := link.ParseConnectParams(p.Params)
	if err != nil {
		return link.ConnectParams{}
	}
	f := link.ConnectParams{Local: c.Local, Remote: c.Remote, Model: c.Model}
	check, _ := steps.ArgsOf[steps.CheckArgs](p, steps.StepCheck) // without it nothing can be told to follow
	endpoint := check.Endpoint
	if host, _, err := net.SplitHostPort(c.ProxyAddress); err == nil && host == endpoint {
		f.ProxyAddress = c.ProxyAddress // at whichever port
	}
	if c.ServerName == endpoint {
		f.ServerName = c.ServerName
	}
	for _, name := range p.Traits["remote.name"] {
		base := elastic.SuggestAlias(name, func(string) bool { return false })
		number, numbered := strings.CutPrefix(c.Alias, base+"-")
		if n, err := strconv.Atoi(number); c.Alias == base || numbered && err == nil && n < 100 {
			f.Alias = c.Alias
		}
	}
	if c.Trust != nil { // ids of the two sides, however they came in; of several clusters only a person knows why
		f.Trust = &link.TrustOptions{LocalScope: c.Trust.LocalScope, RemoteScope: c.Trust.RemoteScope}
		if len(c.Trust.Clusters) == 1 {
			f.Trust.Clusters = c.Trust.Clusters
		}
	}
	return f
}
