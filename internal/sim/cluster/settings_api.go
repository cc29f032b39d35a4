package cluster

import (
	"bytes"
	"encoding/json"
	"maps"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// getSettings answers GET /_cluster/settings.
func getSettings(q *request) (any, *rest.Error) {
	flat, err := q.Flag("flat_settings")
	if err != nil {
		return nil, err
	}
	all := q.c.settings
	out := map[string]any{"persistent": render(unfiltered(all.persistent), flat), "transient": render(unfiltered(all.transient), flat)}
	defaults, err := q.Flag("include_defaults")
	if err != nil {
		return nil, err
	}
	if defaults {
		out["defaults"] = render(unfiltered(all.defaults()), flat)
	}
	return out, nil
}

// putSettings answers PUT /_cluster/settings: all of the update holds, or nothing of it. A good answer says nothing
// about a connection.
func putSettings(q *request) (any, *rest.Error) {
	flat, bad := q.Flag("flat_settings")
	if bad != nil {
		return nil, bad
	}
	body, bad := readUpdate(q.Request)
	if bad != nil {
		return nil, bad
	}
	persistent, bad := flatten(body["persistent"])
	if bad != nil {
		return nil, bad
	}
	transient, bad := flatten(body["transient"])
	if bad != nil {
		return nil, bad
	}
	if len(persistent)+len(transient) == 0 {
		return nil, rest.Validation("no settings to update")
	}
	all := q.c.settings
	newPersistent, appliedP, bad := all.apply("persistent", all.persistent, persistent)
	if bad != nil {
		return nil, bad
	}
	newTransient, appliedT, bad := all.apply("transient", all.transient, transient)
	if bad != nil {
		return nil, bad
	}
	both := maps.Clone(newPersistent)
	maps.Copy(both, newTransient)
	if bad := dependencies(both); bad != nil {
		return nil, bad
	}
	if bad := checkSigning(both, q.c.certificates); bad != nil {
		return nil, bad
	}
	all.persistent, all.transient = newPersistent, newTransient
	return map[string]any{"acknowledged": true, "persistent": render(appliedP, flat), "transient": render(appliedT, flat)}, nil
}

// readUpdate reads the body of an update. Fields that are not known are passed over.
func readUpdate(q *rest.Request) (map[string]any, *rest.Error) {
	if len(bytes.TrimSpace(q.Raw)) == 0 {
		return nil, &rest.Error{Status: 400, Kind: "parse_exception", Reason: "request body is required"}
	}
	body, dec := map[string]any{}, json.NewDecoder(bytes.NewReader(q.Raw))
	dec.UseNumber()
	if err := dec.Decode(&body); err != nil {
		return nil, rest.Unreadable("cluster_update_settings_request", err)
	}
	return body, nil
}
