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
// which way its data flows: socket → dialect → use case → engine. The table of CONTRIBUTING.md says the same, and the
// order of both is that of the house: each may import only what stands before it.
var mayImport = map[string][]string{
	"ladder":              {},
	".":                   {"ladder"},
	"lenient":             {"."},
	"onetime":             {},
	"search":              {"lenient"},
	"app/unit":            {"."},
	"app/audit":           {".", "app/unit"},
	"app/access":          {".", "onetime", "app/unit", "app/audit"},
	"app/points":          {".", "app/unit", "app/audit"},
	"app/purchases":       {".", "app/unit", "app/audit", "app/points"},
	"app/stock":           {".", "app/unit", "app/audit"},
	"app/members":         {".", "ladder", "lenient", "app/unit", "app/audit", "app/purchases"},
	"app/ranks":           {".", "ladder", "app/unit", "app/audit", "app/members"},
	"app/bulk":            {".", "app/unit", "app/audit", "app/members", "app/stock"},
	"app/imports":         {".", "lenient", "search", "app/unit", "app/audit", "app/points", "app/purchases", "app/stock", "app/members"},
	"app/privacy":         {".", "app/unit", "app/audit"},
	"app/inbox":           {".", "app/unit", "app/audit", "app/members", "app/privacy", "app/purchases"},
	"app/shop":            {".", "app/unit", "app/audit", "app/access", "app/members", "app/purchases"},
	"app":                 {".", "app/unit", "app/audit", "app/access", "app/points", "app/purchases", "app/stock", "app/members", "app/ranks", "app/bulk", "app/imports", "app/privacy", "app/inbox", "app/shop"},
	"app/apptest":         {everything},
	"sharding":            {},
	"sqlstore":            {".", "search", "sharding"},
	"storetest":           {".", "ladder"},
	"pgtest":              {},
	"csvfile":             {"."},
	"web":                 {".", "app/unit", "app/access"},
	"wire":                {"."},
	"worker":              {".", "app/access", "app/audit", "app/bulk", "app/imports", "app/inbox", "app/members", "app/points", "app/privacy", "app/ranks"},
	"dialect":             {".", "app/unit", "web", "wire"},
	"dialect/smaregi":     {".", "app/unit", "app/access", "app/bulk", "app/members", "app/stock", "dialect", "web", "wire"},
	"dialect/recore":      {".", "app/unit", "app/access", "app/members", "app/points", "app/stock", "dialect", "web", "wire"},
	"dialect/easypoints":  {".", "app/unit", "app/access", "app/members", "app/points", "app/ranks", "dialect", "web", "wire"},
	"dialect/privacy":     {".", "app/unit", "app/access", "app/privacy", "dialect", "web", "wire"},
	"dialect/shopify":     {".", "app/inbox", "dialect", "web", "wire"},
	"dialect/dialecttest": {everything},
	"console":             {".", "app/unit", "app/access", "app/audit", "app/bulk", "app/imports", "app/inbox", "app/members", "app/points", "app/privacy", "app/purchases", "app/ranks", "app/stock", "web", "csvfile", "lenient"},
	"files":               {},
	"webhook":             {},
	"shopfile":            {".", "app/access", "app/shop"},
	"password":            {},
	"cmd/noren":           {everything},
	"crashtest":           {},
	"bench":               {everything},
}

// The limits of the house style.
const (
	maxFileLines     = 700
	maxFunctionLines = 100
)

// pins are the versions that go.mod must name: the translation of SQLite to Go works with the libc that it was made
// with and may fail with others, and other modules would raise it.
var pins = map[string]string{
	"modernc.org/sqlite": "v1.60.1",
	"modernc.org/libc":   "v1.77.1",
}

// vague are names that say nothing about the contents.
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

// TestHouseTable holds the table of CONTRIBUTING.md against mayImport.
func TestHouseTable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([a-z./]+)` \\| .* \\| ([^|]*) \\|$").FindAllStringSubmatch(string(text), -1)
	told := make(map[string][]string)
	var order []string
	for _, row := range rows {
		folder, list := row[1], []string{}
		for part := range strings.SplitSeq(row[2], ", ") {
			switch part = strings.Trim(part, "`"); part {
			case "none of ours", "standard library":
			case "root":
				list = append(list, ".")
			case "all":
				list = append(list, everything)
			default:
				list = append(list, part)
			}
		}
		for _, imported := range list {
			if imported != everything && !slices.Contains(order, imported) {
				t.Errorf("CONTRIBUTING.md: %s may import %s, which stands behind it", folder, imported)
			}
		}
		told[folder], order = list, append(order, folder)
	}
	for folder, allowed := range mayImport {
		if got, ok := told[folder]; !ok || !slices.Equal(got, allowed) {
			t.Errorf("%s: CONTRIBUTING.md says %q, mayImport %q", folder, got, allowed)
		}
		delete(told, folder)
	}
	for folder := range told {
		t.Errorf("CONTRIBUTING.md has %s, mayImport has not", folder)
	}
}

// namesTx are the folders beside the root that may name noren.Tx, and why.
var namesTx = map[string]string{
	"app/unit":    "begins transactions and hands each room its part",
	"app/apptest": "looks behind the use cases in tests",
	"sqlstore":    "is the transaction",
	"storetest":   "checks it",
	"bench":       "fills and times an engine without the use cases",
}

// TestTransactions checks that only package unit begins transactions: who would call Update or View of an engine needs a closure
// that takes a noren.Tx, and nobody else names that type. A room's own closures take the part that it declares.
func TestTransactions(t *testing.T) {
	t.Parallel()
	named := make(map[string]bool)
	for _, s := range sources(t) {
		if s.test || s.generated {
			continue
		}
		folder := path.Dir(s.path)
		if first, _, _ := strings.Cut(folder, "/"); first == "bench" {
			folder = first
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok || selector.Sel.Name != "Tx" {
				return true
			}
			if qualifier, ok := selector.X.(*ast.Ident); ok && qualifier.Name == "noren" {
				named[folder] = true
				if namesTx[folder] == "" {
					t.Errorf("%s: only app/unit begins transactions; a room takes the part that it declares", s.set.Position(n.Pos()))
				}
			}
			return true
		})
	}
	for folder := range namesTx {
		if !named[folder] {
			t.Errorf("%s names no noren.Tx, so it need not be allowed to", folder)
		}
	}
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

// TestImplements holds comments that say which interface of the root a method implements against the interfaces: it is
// the one that declares the method, so that who follows the name finds what the method has to do.
func TestImplements(t *testing.T) {
	t.Parallel()
	all := sources(t)
	declared := make(map[string]bool) // "Interface.Method"
	for _, s := range all {
		if s.dir() != "." || s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				if methods, ok := spec.Type.(*ast.InterfaceType); ok {
					for _, m := range methods.Methods.List {
						for _, name := range m.Names {
							declared[spec.Name.Name+"."+name.Name] = true
						}
					}
				}
			}
			return true
		})
	}
	implements := regexp.MustCompile(`^(\w+) implements noren\.(\w+)`)
	for _, s := range all {
		for _, d := range s.file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Doc == nil {
				continue
			}
			if says := implements.FindStringSubmatch(fn.Doc.Text()); says != nil && !declared[says[2]+"."+says[1]] {
				t.Errorf("%s: noren.%s does not declare %s", s.set.Position(fn.Pos()), says[2], says[1])
			}
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
