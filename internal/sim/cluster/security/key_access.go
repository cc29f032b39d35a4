package security

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
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
		return rest.AnyGlob(e.Names, index) && (e.Restricted || !strings.HasPrefix(index, ".security"))
	})
}

const accessParser = "cross_cluster_api_key_request_access"

// readAccess reads the access of a cross-cluster key with Elasticsearch's refusals.
func readAccess(raw json.RawMessage) (*keyAccess, *rest.Error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, rest.Unreadable(accessParser, err)
	}
	a := &keyAccess{}
	for name, v := range fields {
		var bad *rest.Error
		switch name {
		case "search":
			a.Search, bad = readEntries(name, v)
		case "replication":
			a.Replication, bad = readEntries(name, v)
		default:
			bad = rest.ParseError("[1:1] [%s] unknown field [%s]", accessParser, name)
		}
		if bad != nil {
			return nil, bad
		}
	}
	return a, nil
}

// check refuses what does not go together.
func (a keyAccess) check() *rest.Error {
	limited := func(e accessEntry) bool { return len(e.Query) > 0 || len(e.Fields) > 0 }
	switch {
	case len(a.Search) == 0 && len(a.Replication) == 0:
		return rest.IllegalArgument("must specify non-empty access for either [search] or [replication]")
	case slices.ContainsFunc(a.Replication, limited):
		return rest.IllegalArgument("replication does not support document or field level security")
	case len(a.Replication) > 0 && slices.ContainsFunc(a.Search, limited):
		return rest.IllegalArgument("search does not support document or field level security if replication is assigned")
	}
	return nil
}

func readEntries(field string, raw json.RawMessage) ([]accessEntry, *rest.Error) {
	var list []json.RawMessage
	switch rest.Token(raw) {
	case "START_OBJECT":
		list = []json.RawMessage{raw} // a lone object counts as a list of one
	case "START_ARRAY":
		_ = json.Unmarshal(raw, &list) // it is part of JSON that could be read
	default:
		return nil, rest.WrongType(accessParser, field, raw)
	}
	var out []accessEntry
	for _, one := range list {
		e, reason := readEntry(one)
		if reason != "" {
			return nil, rest.InField(accessParser, field, &rest.Error{Kind: "parse_exception", Reason: "failed to parse indices privileges for role [cross_cluster]. " + reason})
		}
		out = append(out, e)
	}
	return out, nil
}

func readEntry(raw json.RawMessage) (e accessEntry, reason string) {
	if rest.Token(raw) != "START_OBJECT" {
		return e, "expected field [null] value to be an array of objects, but found an array element of type [" + rest.Token(raw) + "]"
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(raw, &fields) // likewise
	for name, v := range fields {
		switch name {
		case "names":
			if reason := readNames(v, &e.Names); reason != "" {
				return e, reason
			}
		case "query":
			e.Query = asText(v)
		case "field_security":
			e.Fields = nonNull(v)
		case "allow_restricted_indices":
			if json.Unmarshal(v, &e.Restricted) != nil {
				return e, "expected field [allow_restricted_indices] value to be a boolean, but found [" + rest.Token(v) + "] instead"
			}
		case "privileges":
			return e, "field [privileges] must not present"
		default:
			return e, "unexpected field [" + name + "]"
		}
	}
	if e.Names == nil {
		return e, "missing required [names] field"
	}
	return e, ""
}

func readNames(raw json.RawMessage, into *[]string) (reason string) {
	var one string
	if rest.Token(raw) == "VALUE_STRING" && json.Unmarshal(raw, &one) == nil {
		*into = []string{one}
		return ""
	}
	if rest.Token(raw) != "START_ARRAY" || json.Unmarshal(raw, into) != nil {
		return "expected field [names] value to be a string or an array of strings, but found [" + rest.Token(raw) + "] instead"
	}
	if len(*into) == 0 {
		return "[names] cannot be an empty array"
	}
	return ""
}

func nonNull(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}

// asText is a query as it is kept: as text, also where it was given as an object.
func asText(raw json.RawMessage) json.RawMessage {
	if rest.Token(raw) != "START_OBJECT" {
		return nonNull(raw)
	}
	var short bytes.Buffer
	_ = json.Compact(&short, raw) // it is part of JSON that could be read
	text, err := json.Marshal(short.String())
	if err != nil {
		return raw
	}
	return text
}
