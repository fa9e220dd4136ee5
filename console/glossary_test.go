package console

import (
	"cmp"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/ladder"
	"noren/web"
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

// TestJapaneseIsJapanese keeps words of the code out of the Japanese messages: of Latin words they have names and terms that the staff of a
// shop reads every day.
func TestJapaneseIsJapanese(t *testing.T) {
	t.Parallel()
	words, err := vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	read := strings.Fields("API CSV EC EC-CUBE EUC-JP Excel FAX ID LINE MB PIN QR ReCORE Shift_JIS Shopify TSV U UID URL UTF-8 UTF-16 Webhook easyPoints csv hanako tsv txt " +
		"example.com")
	latin := regexp.MustCompile(`[A-Za-z][A-Za-z0-9_.-]*`)
	for key, w := range words {
		for _, word := range latin.FindAllString(placeholders.ReplaceAllString(w.ja, ""), -1) {
			if !slices.Contains(read, word) && !strings.HasPrefix(key, "language.") {
				t.Errorf("%s: %q has %s", key, w.ja, word)
			}
		}
	}
	for _, term := range []string{"パーセンタイル", "デフォルト", "フィールド", "パラメータ", "レコード", "エンティティ", "バリデーション", "null"} {
		for key, w := range words {
			if strings.Contains(w.ja, term) {
				t.Errorf("%s: %q has %s", key, w.ja, term)
			}
		}
	}
}

// TestAuditedColumnsHaveNames goes through every record that the audit log holds, and every column in it: each has a name in both
// languages, and so has each of the domain's words.
func TestAuditedColumnsHaveNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := &page{console: b.console, x: &web.Request{}}
	for subject, record := range map[string]any{
		"tenant": noren.Tenant{}, "ranks": noren.Rank{}, "staff ranks": noren.StaffRank{}, "stores": noren.Store{}, "products": noren.Product{},
		"staff": noren.Staff{}, "client": noren.Client{}, "console users": noren.ConsoleUser{}, "points_programme": noren.PointProgramme{},
		"rank_programme": struct {
			Programme noren.RankProgramme `json:"programme"`
			Ranks     []noren.Rank        `json:"ranks"`
		}{},
	} {
		for _, name := range jsonNames(reflect.TypeOf(record)) {
			if p.column(subject, name) == name && name != "ID" && !unseen(name) {
				t.Errorf("the column %s of %s has no name", name, subject)
			}
		}
	}
	for subject, names := range map[string][]string{
		"purchase": {"purchase", "member", "amount", "credited", "earned", "returned", "owed"}, "refund": {"refund", "amount", "all"},
		"points": {"points", "entries", "delta", "reverses"}, "callbacks": {"sent again"}, "view": {"access"},
		"member": {"erased", "notes", "attachments"},
		"import": {"started", "cancelled", "kind", "file", "lines", "processed"}, "signing key": {"secret"}, "console session": {"session"},
		"client": {"revoked", "api key", "token"}, "console users": {"password", "second factor"},
	} {
		for _, name := range names {
			if p.column(subject, name) == name {
				t.Errorf("the column %s of %s has no name", name, subject)
			}
		}
	}
	for _, plan := range []noren.Plan{
		noren.PlanStarter, noren.PlanStandard, noren.PlanPremium, noren.PlanPremiumPlus, noren.PlanFoodBusiness, noren.PlanRetailBusiness,
	} {
		if p.spellWord("plan", string(plan)) == string(plan) {
			t.Errorf("the plan %s has no name", plan)
		}
	}
	for _, word := range []string{ladder.OneStep, ladder.ToEarned} {
		if p.spell("tenant", "rank_programme", map[string]any{"demotion": word}) != "ランクダウン: "+p.T("audit.value."+word) {
			t.Errorf("%s inside of a record", word)
		}
	}
	if got := p.column("tenant", "name"); got != "名前" {
		t.Errorf("the name of a tenant is called %s", got)
	}
}

// jsonNames are the names of a type's fields in JSON, and of those of what they hold.
func jsonNames(of reflect.Type) (names []string) {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || of == reflect.TypeFor[time.Time]() {
		return nil
	}
	for f := range of.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "-" && !f.Anonymous {
			names = append(names, cmp.Or(name, f.Name))
		}
		if name != "-" {
			names = append(names, jsonNames(f.Type)...)
		}
	}
	return names
}
