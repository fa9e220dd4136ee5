package noren_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// everything marks a package that wires the others together: it may import any of them.
const everything = "*"

// mayImport says which packages of this module each package may import, by folder; a folder below follows its nearest
// listed parent. Tests may import what they need. A new package has to be added here, which is the moment to ask
// which way its data flows: socket → dialect → domain → store.
var mayImport = map[string][]string{
	".":                   {"ladder"},
	"ladder":              {},
	"sqlstore":            {".", "search"},
	"storetest":           {".", "ladder"},
	"worker":              {"."},
	"web":                 {"."},
	"wire":                {"."},
	"files":               {"."},
	"shopfile":            {"."},
	"csvfile":             {"."},
	"console":             {".", "web", "csvfile"},
	"dialect":             {".", "web", "wire"},
	"dialect/dialecttest": {".", "sqlstore", "web"}, // tests alone
	"webhook":             {},
	"search":              {},
	"password":            {},
	"crashtest":           {}, // tests alone
	"cmd/noren":           {everything},
	"bench":               {everything},
}

// The limits of the house style.
const (
	maxFileLines     = 700
	maxFunctionLines = 100
)

// pins are the versions that go.mod has to name: the translation of SQLite to Go works with the libc that it was made
// with and may fail with others, and other modules would raise it.
var pins = map[string]string{
	"modernc.org/sqlite": "v1.60.1",
	"modernc.org/libc":   "v1.77.1",
}

// vague are names that say nothing of what is inside.
var vague = []string{"utils", "util", "common", "models", "types", "helpers", "helper", "manager", "base", "misc"}

// source is one Go file of the module.
type source struct {
	path      string // from the module's root, with slashes
	test      bool
	generated bool
	lines     int
	set       *token.FileSet
	file      *ast.File
}

func (s source) dir() string { return path.Dir(s.path) }

// sources parses every Go file of the module, whatever its build constraints.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && elsewhere(name, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(name) != ".go":
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		all = append(all, source{
			path: filepath.ToSlash(name), test: strings.HasSuffix(name, "_test.go"), generated: ast.IsGenerated(file),
			lines: strings.Count(string(text), "\n"), set: set, file: file,
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// elsewhere reports whether a folder is not part of the module.
func elsewhere(name, base string) bool {
	_, err := os.Stat(filepath.Join(name, "go.mod"))
	return err == nil || base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")
}

// imports lists what a file imports.
func (s source) imports() []string {
	list := make([]string, len(s.file.Imports))
	for i, spec := range s.file.Imports {
		list[i], _ = strconv.Unquote(spec.Path.Value) // the parser has checked it
	}
	return list
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		rule, allowed := ruleOf(s.dir())
		if allowed == nil {
			t.Errorf("%s: the package %s has no rule in mayImport of arch_test.go", s.path, s.dir())
			continue
		}
		for _, imported := range s.imports() {
			folder, ours := folderOf(imported)
			switch {
			case ours && !permitted(rule, folder, allowed):
				t.Errorf("%s imports %s: %s may import only %q of this module", s.path, imported, rule, allowed)
			case !ours && rule == "." && !standard(imported):
				t.Errorf("%s imports %s: the domain imports only the standard library", s.path, imported)
			}
		}
	}
}

// ruleOf finds the nearest folder that mayImport lists.
func ruleOf(dir string) (rule string, allowed []string) {
	for rule = dir; rule != "."; rule = path.Dir(rule) {
		if allowed, ok := mayImport[rule]; ok {
			return rule, allowed
		}
	}
	if dir == "." {
		return ".", mayImport["."]
	}
	return dir, nil
}

// folderOf turns an import path into a folder of this module.
func folderOf(imported string) (folder string, ours bool) {
	if imported == "noren" {
		return ".", true
	}
	return strings.CutPrefix(imported, "noren/")
}

// permitted reports whether the package under rule may import the folder: what is listed, and what is inside its own
// folder. Below dialect there is one folder for each, and none may see another.
func permitted(rule, folder string, allowed []string) bool {
	if rule != "." && rule != "dialect" && strings.HasPrefix(folder, rule+"/") {
		return true
	}
	return slices.Contains(allowed, folder) || slices.Contains(allowed, everything)
}

// standard reports whether the package is of the standard library: the first element of its path has no dot.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func TestHouseStyle(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.generated {
			continue
		}
		if s.lines > maxFileLines {
			t.Errorf("%s has %d lines, over %d", s.path, s.lines, maxFileLines)
		}
		name := strings.TrimSuffix(strings.TrimSuffix(path.Base(s.path), ".go"), "_test")
		if slices.Contains(vague, name) || slices.Contains(vague, s.file.Name.Name) {
			t.Errorf("%s, package %s: the name says nothing of what is inside", s.path, s.file.Name.Name)
		}
		for _, imported := range s.imports() {
			if strings.HasPrefix(imported, "github.com/stretchr/testify") {
				t.Errorf("%s imports testify: tests here are plain", s.path)
			}
		}
		checkFunctions(t, s)
	}
}

func checkFunctions(t *testing.T, s source) {
	t.Helper()
	for _, declared := range s.file.Decls {
		fn, ok := declared.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if lines := s.set.Position(fn.End()).Line - s.set.Position(fn.Pos()).Line + 1; lines > maxFunctionLines {
			t.Errorf("%s: the function %s has %d lines, over %d", s.path, fn.Name.Name, lines, maxFunctionLines)
		}
		if fn.Recv == nil && fn.Name.Name == "init" {
			t.Errorf("%s: func init: nothing happens by importing a package", s.path)
		}
	}
}

func TestPinnedVersions(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for module, version := range pins {
		required := regexp.MustCompile(`(?m)^\s*(?:require )?` + regexp.QuoteMeta(module) + ` (\S+)`).FindSubmatch(mod)
		if required == nil || string(required[1]) != version {
			t.Errorf("go.mod: %s has to be pinned to %s, found %q", module, version, required)
		}
	}
	if regexp.MustCompile(`(?m)^\s*replace\b`).Match(mod) {
		t.Error("go.mod replaces a module: then `go install` cannot build it")
	}
}
