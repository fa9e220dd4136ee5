package shopfile

import "strings"

// nearest returns the known word that a mistyped one probably means, or "" if none is close.
func nearest(word string, known []string) string {
	// A third of the letters may be wrong; further away, a suggestion would be a guess.
	best, distance := "", 1+max(1, len(word)/3)
	for _, k := range known {
		if d := edits(strings.ToLower(word), strings.ToLower(k), distance); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// edits is the Levenshtein distance of a and b in bytes, or limit if the lengths alone make it at least that. It keeps one
// row of the matrix.
func edits(a, b string, limit int) int {
	// Each missing letter is one edit at least.
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		// What the cell to the upper left was, before the row was written over.
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			// The three ways to make one text of the other: replace a letter, insert one, or remove one.
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
