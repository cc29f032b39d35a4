package platform

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform/query"
)

// The sizes of a page.
const (
	defaultPage = 10
	maxPage     = 10000
)

// searchDeployments answers POST /deployments/_search.
func searchDeployments(c *call) (int, any, *apiError) {
	var in query.Request
	if len(strings.TrimSpace(string(c.raw))) > 0 {
		if err := decodeInto(c.raw, &in); err != nil {
			return 0, nil, invalid([]string{"body: " + err.Error()})
		}
	}
	if in.Cursor != "" {
		page, ok := c.p.cursors[in.Cursor]
		if !ok {
			return 0, nil, invalid([]string{"cursor: is not known"})
		}
		in = page
	}
	size := defaultPage
	if in.Size != nil {
		size = *in.Size
	}
	if size < 0 || size > maxPage || in.From < 0 {
		return 0, nil, invalid([]string{"size: must be between 0 and 10000, from at least 0"})
	}
	found, bad := find(c.p, in)
	if bad != nil {
		return 0, nil, bad
	}
	page := []any{}
	for _, doc := range found[min(in.From, len(found)):min(in.From+size, len(found))] {
		page = append(page, doc)
	}
	out := map[string]any{"return_count": number(len(page)), "match_count": number(len(found)), "deployments": page}
	if len(page) > 0 {
		next := in
		next.From += len(page)
		out["cursor"] = remember(c.p, next)
	}
	return http.StatusOK, out, nil
}

// remember keeps a page under a cursor.
func remember(p *Platform, in query.Request) string {
	id := base64.RawURLEncoding.EncodeToString([]byte(p.hexID(12)))
	p.cursors[id] = in
	return id
}

// find returns the documents that match, in order.
func find(p *Platform, in query.Request) ([]map[string]any, *apiError) {
	wanted := func(*query.Document) bool { return true }
	if len(in.Query) > 0 && string(in.Query) != "null" {
		q, err := query.Parse(in.Query)
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "deployments.search.invalid_query", err.Error(), "query")
		}
		wanted = q
	}
	type row struct {
		shown map[string]any
		doc   *query.Document
	}
	var rows []row
	for _, d := range p.deployments {
		shown := shown{d, view{plans: true}}.document()
		doc := query.New(shown)
		if wanted(doc) {
			rows = append(rows, row{shown, doc})
		}
	}
	keys, bad := sortKeys(in.Sort)
	if bad != nil {
		return nil, bad
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		for _, k := range keys {
			if c := strings.Compare(strings.Join(a.doc.Values(k.field), "\n"), strings.Join(b.doc.Values(k.field), "\n")); c != 0 {
				return c * k.sign
			}
		}
		return 0
	})
	out := make([]map[string]any, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.shown)
	}
	return out, nil
}

type sortKey struct {
	field string
	sign  int
}

// sortKeys reads "field", {"field":"desc"} and {"field":{"order":"desc"}}.
func sortKeys(in []any) ([]sortKey, *apiError) {
	var out []sortKey
	wrong := refuse(http.StatusBadRequest, "deployments.search.invalid_sort", "The sort can't be read", "sort")
	for _, one := range in {
		switch v := one.(type) {
		case string:
			out = append(out, sortKey{v, 1})
		case map[string]any:
			for field, how := range v {
				order, _ := how.(string)
				if m, ok := how.(map[string]any); ok {
					order, _ = m["order"].(string)
				}
				switch order {
				case "asc", "":
					out = append(out, sortKey{field, 1})
				case "desc":
					out = append(out, sortKey{field, -1})
				default:
					return nil, wrong
				}
			}
		default:
			return nil, wrong
		}
	}
	return out, nil
}
