package realnodes

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// reportWithin is how long a report may take: nodes that have gone down do not answer.
const reportWithin = 20 * time.Second

// Report says how the clusters stand, for anyone who has to understand why a test failed on them: what is set, how their
// remote connections are, and what their nodes have said last.
func (p *Pool) Report() string {
	ctx, cancel := context.WithTimeout(p.ctx, reportWithin)
	defer cancel()
	p.mu.Lock()
	behind := map[*member]string{}
	for name, m := range p.behind {
		behind[m] = name
	}
	p.mu.Unlock()
	var b strings.Builder
	for _, m := range p.members {
		fmt.Fprintf(&b, "== %s, Elasticsearch %s\n", behind[m], m.real.Version)
		for _, path := range []string{"/_cluster/settings?flat_settings=true&filter_path=persistent,transient", "/_remote/info"} {
			status, raw, err := m.real.Request(ctx, 0, http.MethodGet, path, "")
			if err != nil {
				raw = []byte(err.Error())
			}
			fmt.Fprintf(&b, "GET %s: %d %s\n", path, status, raw)
		}
		b.WriteString(m.real.Said(0) + "\n")
	}
	return b.String()
}
