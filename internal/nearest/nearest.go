// Package nearest finds the names that a misspelt word may have meant. It only
// suggests: nothing is ever taken for what it is near to.
package nearest

import (
	"cmp"
	"slices"
	"strings"
)

// Names returns up to three of the names that word may have meant: those
// that contain it, and those that are a few typing errors away.
func Names(word string, names []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	word = strings.ToLower(word)
	var near []candidate
	for _, name := range names {
		lower := strings.ToLower(name)
		distance := editDistance(word, lower)
		if distance <= 1+len(word)/4 || strings.Contains(lower, word) {
			near = append(near, candidate{name, distance})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	var best []string
	for _, c := range near[:min(3, len(near))] {
		best = append(best, c.name)
	}
	return best
}

// editDistance is Levenshtein's, over bytes: IAM names are ASCII.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
