package console

import (
	"os"
	"strings"
	"testing"
)

// term is a row of the glossary: what the console calls one thing, and what it does not call it.
type term struct {
	ja, en           []string // alternatives, such as promoted and demoted
	avoidJa, avoidEn []string
}

// glossary reads the table in docs/glossary.md.
func glossary(t *testing.T) []term {
	t.Helper()
	data, err := os.ReadFile("../docs/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	var terms []term
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		// The heading and the rule below it are rows too.
		if len(cells) != 7 || strings.HasPrefix(cells[1], "---") || strings.TrimSpace(cells[1]) == "日本語" {
			continue
		}
		// Japanese words to avoid are parted by spaces; English ones may have spaces of their own.
		terms = append(terms, term{
			ja: alternatives(cells[1], " / "), en: alternatives(cells[2], " / "),
			avoidJa: strings.Fields(cells[4]), avoidEn: alternatives(cells[5], ", "),
		})
	}
	if len(terms) < 20 {
		t.Fatalf("only %d terms were read from the glossary", len(terms))
	}
	return terms
}

func alternatives(cell, separator string) (list []string) {
	for word := range strings.SplitSeq(strings.TrimSpace(cell), separator) {
		if word != "" {
			list = append(list, strings.ToLower(word))
		}
	}
	return list
}

// TestGlossary keeps the console to one word for one thing, and the glossary to words that the console uses.
func TestGlossary(t *testing.T) {
	t.Parallel()
	words, err := vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	var allJa, allEn strings.Builder
	for _, w := range words {
		allJa.WriteString(strings.ToLower(w.ja) + "\n")
		allEn.WriteString(strings.ToLower(w.en) + "\n")
	}
	for _, g := range glossary(t) {
		for _, used := range g.ja {
			if !strings.Contains(allJa.String(), used) {
				t.Errorf("no message uses %q", used)
			}
		}
		for _, used := range g.en {
			if !strings.Contains(allEn.String(), used) {
				t.Errorf("no message uses %q", used)
			}
		}
		for key, w := range words {
			for _, avoid := range g.avoidJa {
				if strings.Contains(w.ja, avoid) {
					t.Errorf("%s: %q has %s; the glossary says %s", key, w.ja, avoid, g.ja)
				}
			}
			for _, avoid := range g.avoidEn {
				if strings.Contains(strings.ToLower(w.en), avoid) {
					t.Errorf("%s: %q has %q; the glossary says %q", key, w.en, avoid, g.en)
				}
			}
		}
	}
}
