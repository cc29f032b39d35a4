package cluster

import (
	"encoding/json"
	"io"
	"net/http"
	"net/netip"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// opens tells whether IP filters let the callers of the HTTP API in.
func opens(c *Cluster) bool {
	defer c.enter()()
	return admits(c, []netip.Addr{c.net.opt.Client}, nil)
}

// NoInstances is what a platform's proxy answers in the place of nodes that do not run.
const NoInstances = `{"ok":false,"message":"No instances are available for the requested resource."}`

func serve(c *Cluster, w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	defer c.enter()()
	if c.stopped { // what the platform's proxy says of a cluster that is not there; no product header
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, NoInstances)
		return
	}
	media, bad := rest.Negotiate(r, len(raw) > 0, c.version)
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", media)
	if bad != nil {
		refuse(w, bad)
		return
	}
	q := &request{Request: &rest.Request{HTTP: r, Raw: raw, Status: http.StatusOK}, c: c}
	body, bad := q.route(w)
	if bad != nil {
		refuse(w, bad)
		return
	}
	w.WriteHeader(q.Status)
	if r.Method == http.MethodHead {
		return
	}
	writeJSON(w, rest.FilterPath(body, q.Query.Get("filter_path")))
}

func refuse(w http.ResponseWriter, e *rest.Error) {
	if e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden {
		w.Header().Del("X-Elastic-Product") // security answers before what would add it
	}
	w.WriteHeader(e.Status)
	writeJSON(w, e.Body())
}

func writeJSON(w io.Writer, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // a client that has gone away is its own problem
}
