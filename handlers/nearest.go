package handlers

import (
	"context"
	"strings"
)

// distance is the number of edits between two words (Levenshtein).
func distance(a, b string) int {
	if len(a) > 40 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := before
			if a[i] != b[j] {
				d = 1 + min(before, row[j], row[j+1])
			}
			before, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}

// nearEnough is how many edits are too many for a guess.
const nearEnough = 4

// nearestOf is the name that is nearest to a word, and by how many edits. A word that would have to be typed anew is
// near to nothing.
func nearestOf(names []string, word string) (string, int) {
	const far = 1000
	best, found := far, ""
	for _, name := range names {
		if d := distance(word, name); d < best && d < len(word) {
			best, found = d, name
		}
	}
	return found, best
}

// deploymentNames are those of all platforms, in lower case, as far as they can be listed now.
func (h *Handlers) deploymentNames(ctx context.Context) []string {
	var names []string
	for _, d := range h.o.Directory.Find(ctx, "", 0).Deployments {
		names = append(names, strings.ToLower(d.Given()))
	}
	return names
}
