package console

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"noren"
	"noren/csvfile"
	"noren/ladder"
)

// placeholders are the formatting verbs of a message.
var placeholders = regexp.MustCompile(`%(?:\[\d\])?[sd]`)

// asked are the keys that the code names literally. Keys that it builds begin with one of families.
var asked = regexp.MustCompile(`"((?:[a-z_]+\.)[A-Za-z0-9_. ]+)"`)

// families are the prefixes of keys that are built from a word of the domain or of HTTP, or that any page may need.
var families = []string{
	"status.", "role.", "reason.", "error.", "done.", "action.", "page.", "value.", "sex.", "member.", "shape.", "dialect.", "author.",
	"demotion.", "import_kind.", "import_state.", "import_problem.", "import_limit.", "import_fix.", "import_field.", "file_fault.",
	"points.kind.", "points.type.", "rank.reason.", "audit.subject.", "audit.key.", "audit.column.", "audit.value.", "bulk.state.", "bulk.kind.", "bulk.delivery.",
	"failure.", "plan.", "source.", "division.", "clients.kind.", "mail_opt_in.", "alike.", "scope.",
}

// TestVocabulary checks that each message is in both languages, with the same arguments, and used.
func TestVocabulary(t *testing.T) {
	t.Parallel()
	words, err := vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	names, _ := filepath.Glob("*.go")
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "words_") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range regexp.MustCompile(`T\("([^"]+)"[,)]`).FindAllStringSubmatch(string(source), -1) {
			if _, known := words[key[1]]; !known {
				t.Errorf("%s: there is no message %q", name, key[1])
			}
		}
		for _, key := range asked.FindAllStringSubmatch(string(source), -1) {
			used[key[1]] = true
		}
	}
	for key, text := range words {
		ja, en := placeholders.FindAllString(text.ja, -1), placeholders.FindAllString(text.en, -1)
		slices.Sort(ja)
		slices.Sort(en)
		if text.ja == "" || text.en == "" || !slices.Equal(ja, en) {
			t.Errorf("%s: %q and %q", key, text.ja, text.en)
		}
		if strings.ContainsFunc(text.en, isJapanese) && key != "language.switch" {
			t.Errorf("%s: the English is %q", key, text.en)
		}
		if !used[key] && !slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(key, f) }) {
			t.Errorf("%s is not used", key)
		}
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for header, want := range map[string]string{
		"": "ja", "en-US,en;q=0.9": "en", "ja,en;q=0.8": "ja", "en;q=0.5, ja;q=0.9": "ja", "fr": "ja", "*": "ja", ";;q=,": "ja",
	} {
		a := b.browser().get("/console/sign-in", "Accept-Language: "+header)
		if !strings.Contains(a.Body.String(), `<html lang="`+want+`">`) {
			t.Errorf("%q: not %s", header, want)
		}
	}
	w := b.browser()
	w.shows("/console/sign-in", "サインイン")
	a := w.post("/console/language", url.Values{"language": {"en"}, "back": {"/console/sign-in?next=x"}})
	if a.Code != http.StatusSeeOther || a.Header().Get("Location") != "/console/sign-in?next=x" {
		t.Errorf("%d %s", a.Code, a.Header().Get("Location"))
	}
	w.shows("/console/sign-in", "Sign in", "Contract ID")
	if a := w.post("/console/language", url.Values{"language": {"fr"}}); a.Code != http.StatusBadRequest {
		t.Errorf("French: %d", a.Code)
	}
}

// TestOwnPage: a link to the console cannot redirect to another site.
func TestOwnPage(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"/console/members?q=a": "/console/members?q=a", "/console/": "/console/", "": "/console/",
		"https://evil.example/console/": "/console/", "//evil.example/console/": "/console/", "/elsewhere": "/console/",
		`/console/\evil`: "/console/", "/console/\r\nX: y": "/console/", "javascript:alert(1)": "/console/", "/consoles": "/console/",
	} {
		if got := ownPage(address); got != want {
			t.Errorf("%q becomes %q", address, got)
		}
	}
}

// TestWordsOfTheDomain checks that every word of the domain has its messages.
func TestWordsOfTheDomain(t *testing.T) {
	t.Parallel()
	words, err := vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, c := range noren.MemberColumns() {
		keys = append(keys, "member."+c.Name)
	}
	for _, f := range memberFields() {
		keys = append(keys, "member."+f.name, f.group)
		if noren.StrictMemberTextRule(f.name).Like != nil {
			keys = append(keys, shapeKey(f.name))
		}
	}
	for _, column := range exportColumns() {
		keys = append(keys, "member."+column)
	}
	for _, f := range csvfile.Faults() {
		keys = append(keys, "file_fault."+string(f))
	}
	for _, s := range noren.Statuses() {
		keys = append(keys, "status."+string(s))
	}
	for _, r := range noren.Roles() {
		keys = append(keys, "role."+string(r))
	}
	for _, pointType := range noren.PointTypes() {
		keys = append(keys, "points.type."+string(pointType))
	}
	for _, kind := range noren.PointEntryKinds() {
		keys = append(keys, "points.kind."+string(kind))
	}
	for _, reason := range []noren.RankReason{
		ladder.EntryMet, ladder.MaintenanceMissed, ladder.Kept, ladder.Skipped, ladder.NeverDown, ladder.AtMinimum, ladder.AtLowest, ladder.Set,
	} {
		keys = append(keys, "rank.reason."+string(reason))
	}
	for _, dialect := range []string{
		string(noren.Smaregi), string(noren.ReCORE), string(noren.EasyPoints), string(noren.Console), noren.Operator, noren.Schedule,
	} {
		keys = append(keys, "dialect."+dialect)
	}
	for _, key := range keys {
		if _, known := words[key]; !known {
			t.Errorf("there is no message %q", key)
		}
	}
}

// TestOneIsSingular checks that every English message about one of something says so.
func TestOneIsSingular(t *testing.T) {
	t.Parallel()
	words, err := vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	plural := regexp.MustCompile(`%(?:\[1\])?[sd] (\w+s)\b`)
	for key, one := range singulars() {
		if words[key].en == "" || plural.MatchString(one) {
			t.Errorf("%s: %q", key, one)
		}
	}
	for key, w := range words { // a file is refused for hundreds of columns, and ms is both
		if found := plural.FindStringSubmatch(w.en); found != nil && singulars()[key] == "" && found[1] != "ms" && found[1] != "has" && key != "file_fault.columns" {
			t.Errorf("%s: %q would be said of 1", key, w.en)
		}
	}
}
