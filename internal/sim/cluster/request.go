package cluster

import (
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/security"
)

// request is one call under way. Handlers run under the network's lock.
type request struct {
	*rest.Request
	c   *Cluster
	who security.Identity
}

type handler func(*request) (any, *rest.Error)

// route is one line of the API. privileges are cluster privileges of which the caller needs the first; the rest is
// what Elasticsearch names in its refusal.
type route struct {
	methods    []string
	path       []string // {name} takes one segment
	params     []string
	action     string
	privileges []string
	since      rest.Version
	do         handler
}

func (rt route) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(rt.path) {
		return nil, false
	}
	vars := map[string]string{}
	for i, want := range rt.path {
		if name, ok := strings.CutPrefix(want, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			if segments[i] == "" || (name == "index" && strings.HasPrefix(segments[i], "_")) {
				return nil, false
			}
			vars[name] = segments[i]
		} else if want != segments[i] {
			return nil, false
		}
	}
	return vars, true
}
