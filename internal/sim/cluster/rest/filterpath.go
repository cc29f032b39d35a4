package rest

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
)

// FilterPath keeps of an answer what the parameter filter_path names: dotted paths, * for one level, ** for any,
// a leading minus to leave out. A key with dots in it (flat settings) is one level, so that no dotted path names it (seen on
// 9.5.3).
func FilterPath(body any, param string) any {
	if param == "" {
		return body
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return body
	}
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return body
	}
	var keep, drop [][]string
	for p := range strings.SplitSeq(param, ",") {
		if p, ok := strings.CutPrefix(p, "-"); ok {
			drop = append(drop, strings.Split(p, "."))
		} else {
			keep = append(keep, strings.Split(p, "."))
		}
	}
	if out, ok := sift(v, nil, keep, drop); ok {
		return out
	}
	return map[string]any{}
}

func sift(v any, at []string, keep, drop [][]string) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, in := range v {
			if got, ok := sift(in, append(slices.Clip(at), k), keep, drop); ok {
				out[k] = got
			}
		}
		return out, len(out) > 0 || len(v) == 0 && kept(at, keep, drop)
	case []any:
		var out []any
		for _, in := range v {
			if got, ok := sift(in, at, keep, drop); ok {
				out = append(out, got)
			}
		}
		return out, len(out) > 0 || len(v) == 0 && kept(at, keep, drop)
	}
	return v, kept(at, keep, drop)
}

func kept(at []string, keep, drop [][]string) bool {
	for _, p := range drop {
		if under(at, p) {
			return false
		}
	}
	if len(keep) == 0 {
		return true
	}
	for _, p := range keep {
		if under(at, p) {
			return true
		}
	}
	return false
}

// under tells whether the pattern names the path or something above it.
func under(at, pattern []string) bool {
	if len(pattern) == 0 {
		return true
	}
	if pattern[0] == "**" {
		if under(at, pattern[1:]) {
			return true
		}
		return len(at) > 0 && under(at[1:], pattern)
	}
	if len(at) == 0 {
		return false
	}
	ok, err := path.Match(pattern[0], at[0])
	return err == nil && ok && under(at[1:], pattern[1:])
}
