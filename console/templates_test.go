package console

import (
	"bytes"
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/a-h/templ"
	"github.com/a-h/templ/generator"
	"github.com/a-h/templ/parser/v2"
	"github.com/a-h/templ/parser/v2/visitor"
)

// templates parses every template.
func templates(t *testing.T) map[string]*parser.TemplateFile {
	t.Helper()
	names, err := filepath.Glob("*.templ")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d templates, error %v", len(names), err)
	}
	parsed := make(map[string]*parser.TemplateFile, len(names))
	for _, name := range names {
		if parsed[name], err = parser.Parse(name); err != nil {
			t.Fatal(err)
		}
	}
	return parsed
}

// TestGeneratedCodeIsFresh generates the Go of every template and compares it with the committed file.
func TestGeneratedCodeIsFresh(t *testing.T) {
	t.Parallel()
	for name, template := range templates(t) {
		var made bytes.Buffer
		if _, err := generator.Generate(template, &made, generator.WithFileName(name), generator.WithVersion(templ.Version())); err != nil {
			t.Fatal(err)
		}
		want, err := format.Source(made.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(strings.TrimSuffix(name, ".templ") + "_templ.go")
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("the Go of %s is not fresh (error %v): run make generate", name, err)
		}
	}
}

// spoken are the attributes that are read by people.
var spoken = []string{"alt", "aria-label", "aria-description", "placeholder", "title", "value", "data-confirm"}

// TestTemplatesSayNothingOfTheirOwn finds texts in templates that are not in the vocabulary.
func TestTemplatesSayNothingOfTheirOwn(t *testing.T) {
	t.Parallel()
	for name, template := range templates(t) {
		literal := func(what, text string) {
			if strings.ContainsFunc(text, unicode.IsLetter) {
				t.Errorf("%s: %s %q is not in the vocabulary", name, what, text)
			}
		}
		v := visitor.New()
		v.Text = func(n *parser.Text) error {
			literal("the text", n.Value)
			return nil
		}
		v.ConstantAttribute = func(n *parser.ConstantAttribute) error {
			for _, key := range spoken {
				if n.Key.String() == key {
					literal("the attribute "+key, n.Value)
				}
			}
			return nil
		}
		if err := v.VisitTemplateFile(template); err != nil {
			t.Fatal(err)
		}
		// Japanese anywhere in a template, as in the strings of its expressions, is a message too.
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(source), "\n") {
			if strings.ContainsFunc(line, isJapanese) {
				t.Errorf("%s:%d: Japanese that is not in the vocabulary: %s", name, i+1, line)
			}
		}
	}
}

func isJapanese(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) }
