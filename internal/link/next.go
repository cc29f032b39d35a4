package link

import "strings"

// NextSearch is what to type in the local cluster's Dev Tools to see the connection work; empty where nothing may
// be searched.
func NextSearch(alias string, patterns []string) string {
	if len(patterns) == 0 {
		return ""
	}
	through := make([]string, len(patterns))
	for i, p := range patterns {
		through[i] = alias + ":" + p
	}
	return "GET " + strings.Join(through, ",") + "/_search"
}
