package rest

import (
	"path"
	"slices"
	"strings"
)

// Glob matches index and alias patterns: only * is special.
func Glob(pattern, name string) bool {
	escaped := strings.NewReplacer("?", `\?`, "[", `\[`, `\`, `\\`).Replace(pattern)
	ok, err := path.Match(escaped, name)
	return err == nil && ok
}

// AnyGlob tells whether one of the patterns matches.
func AnyGlob(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return Glob(p, name) })
}
