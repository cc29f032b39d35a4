package cluster

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// keyAccess is what a cross-cluster API key may read.
type keyAccess struct {
	Search      []accessEntry `json:"search,omitempty"`
	Replication []accessEntry `json:"replication,omitempty"`
}

type accessEntry struct {
	Names      []string        `json:"names"`
	Query      json.RawMessage `json:"query,omitempty"`
	Fields     json.RawMessage `json:"field_security,omitempty"`
	Restricted bool            `json:"allow_restricted_indices"`
}

// searches tells whether the key may search an index.
func (a keyAccess) searches(index string) bool {
	return slices.ContainsFunc(a.Search, func(e accessEntry) bool {
		return anyGlob(e.Names, index) && (e.Restricted || !strings.HasPrefix(index, ".security"))
	})
}

const accessParser = "cross_cluster_api_key_request_access"

// parseAccess reads the access of a cross-cluster key with Elasticsearch's refusals.
func parseAccess(raw json.RawMessage) (keyAccess, *esError) {
	var a keyAccess
	if raw == nil {
		return a, illegalArgument("Required [access]")
	}
	if string(raw) == "null" {
		return a, parseError("[1:1] [cross_cluster_api_key_request_payload] access doesn't support values of type: VALUE_NULL")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return a, parseError("[1:1] [cross_cluster_api_key_request_payload] access doesn't support values of type: VALUE_STRING")
	}
	for name, v := range fields {
		var bad *esError
		switch name {
		case "search":
			a.Search, bad = parseEntries(name, v)
		case "replication":
			a.Replication, bad = parseEntries(name, v)
		default:
			bad = parseError("[1:1] [%s] unknown field [%s]", accessParser, name)
		}
		if bad != nil {
			return a, bad
		}
	}
	if len(a.Search) == 0 && len(a.Replication) == 0 {
		return a, illegalArgument("must specify non-empty access for either [search] or [replication]")
	}
	limited := func(e accessEntry) bool { return len(e.Query) > 0 || len(e.Fields) > 0 }
	if slices.ContainsFunc(a.Replication, limited) {
		return a, illegalArgument("replication does not support document or field level security")
	}
	if len(a.Replication) > 0 && slices.ContainsFunc(a.Search, limited) {
		return a, illegalArgument("search does not support document or field level security if replication is assigned")
	}
	return a, nil
}

func parseEntries(field string, raw json.RawMessage) ([]accessEntry, *esError) {
	var list []json.RawMessage
	switch {
	case string(raw) == "null":
		return nil, parseError("[1:1] [%s] %s doesn't support values of type: VALUE_NULL", accessParser, field)
	case bytes.HasPrefix(raw, []byte("{")):
		list = []json.RawMessage{raw} // a lone object counts as a list of one
	case json.Unmarshal(raw, &list) != nil:
		return nil, parseError("[1:1] [%s] %s doesn't support values of type: VALUE_STRING", accessParser, field)
	}
	var out []accessEntry
	for _, one := range list {
		e, reason := parseEntry(one)
		if reason != "" {
			bad := parseError("[1:1] [%s] failed to parse field [%s]", accessParser, field)
			bad.cause = &esError{kind: "parse_exception", reason: reason}
			return nil, bad
		}
		out = append(out, e)
	}
	return out, nil
}

func parseEntry(raw json.RawMessage) (e accessEntry, reason string) {
	const where = "failed to parse indices privileges for role [cross_cluster]. "
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return e, where + "expected field value to be an object"
	}
	for name, v := range fields {
		switch name {
		case "names":
			if !parseNames(v, &e.Names) {
				return e, where + "[names] must be a string or an array of strings"
			}
		case "query":
			e.Query = nonNull(v)
		case "field_security":
			e.Fields = nonNull(v)
		case "allow_restricted_indices":
			if json.Unmarshal(v, &e.Restricted) != nil {
				return e, where + "[allow_restricted_indices] must be a boolean"
			}
		case "privileges":
			return e, where + "field [privileges] must not present"
		default:
			return e, where + "unexpected field [" + name + "]"
		}
	}
	if len(e.Names) == 0 {
		return e, where + "missing required [names] field"
	}
	if slices.Contains(e.Names, "") {
		return e, where + "[names] may not hold empty text"
	}
	return e, ""
}

func parseNames(raw json.RawMessage, into *[]string) bool {
	var one string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		*into = []string{one}
		return true
	}
	return json.Unmarshal(raw, into) == nil
}

func nonNull(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}
