package csvfile

import (
	"strings"
	"testing"

	"noren"
)

// A field has one row, and no word stands for two fields of a kind: what a header means may not depend on the order of
// the rows.
func TestEachFieldAndWordStandsOnce(t *testing.T) {
	t.Parallel()
	for _, kind := range noren.ImportKinds() {
		rows, words := make(map[string]bool), make(map[string]string)
		for _, n := range namesOf(kind) {
			if rows[n.field] {
				t.Errorf("%s: %s has two rows", kind, n.field)
			}
			rows[n.field] = true
			for word := range strings.FieldsSeq(strings.Join([]string{n.field, n.japanese, n.smaregi, n.recore}, " ")) {
				if other, taken := words[folded(word)]; taken && other != n.field {
					t.Errorf("%s: %q stands for %s and for %s", kind, word, other, n.field)
				}
				words[folded(word)] = n.field
			}
		}
	}
}
