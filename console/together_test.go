package console

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"noren"
	"noren/app/shop"
	"noren/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// onEngines runs the test on a console on each engine, side by side.
func onEngines(t *testing.T, test func(t *testing.T, b *bundle)) {
	for name, made := range map[string]func(t *testing.T) string{
		"sqlite": func(t *testing.T) string {
			return "sqlite:" + filepath.Join(t.TempDir(), "noren.db") + "?_pragma=synchronous(0)"
		},
		"postgres": func(t *testing.T) string { return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, setupAt(t, made(t)))
		})
	}
}

// pair sends two forms at the same moment, each as somebody else.
func pair(one, two *browser, target string, forms [2]url.Values) (answers [2]*httptest.ResponseRecorder) {
	var wait sync.WaitGroup
	begin := make(chan struct{})
	for i, w := range []*browser{one, two} {
		wait.Go(func() {
			<-begin
			answers[i] = w.post(target, forms[i])
		})
	}
	close(begin)
	wait.Wait()
	return answers
}

// winner is which of the two was told that the form was saved. Exactly one must be, and the other shown what it typed,
// who was faster, and what the field is now.
func winner(t *testing.T, answers [2]*httptest.ResponseRecorder, target, field string, typed [2]string) int {
	t.Helper()
	won := -1
	for i, a := range answers {
		switch {
		case a.Code == http.StatusSeeOther && won < 0:
			won = i
		case a.Code == http.StatusSeeOther:
			t.Fatalf("both are told that %q and %q were saved", typed[0], typed[1])
		}
	}
	if won < 0 {
		t.Fatalf("neither is told that it was saved: %s %s", textOf(answers[0]), textOf(answers[1]))
	}
	lost := answers[1-won]
	faster := [2]string{"staff", "admin"}[won]
	told := fmt.Sprintf("編集中に%sが変更しました。現在の値:「%s」", faster, typed[won])
	if lost.Code != http.StatusUnprocessableEntity || !strings.Contains(lost.Body.String(), told) {
		t.Errorf("the slower is not told %q: %d %s", told, lost.Code, textOf(lost))
	}
	if kept := form(t, lost.Body.String(), target); kept.Get(field) != typed[1-won] {
		t.Errorf("what was typed is lost: %q", kept.Get(field))
	}
	return won
}

// TestSameFieldSavedTogether: of two people who save the same field at once, one is told that it was saved.
func TestSameFieldSavedTogether(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, b *bundle) {
		one, two := b.as("staff"), b.as("admin")
		const target = "/console/members/1/edit"
		for n := range 60 {
			f := form(t, one.shows(target), target)
			typed := [2]string{fmt.Sprint("一", n), fmt.Sprint("二", n)}
			forms := [2]url.Values{maps.Clone(f), maps.Clone(f)}
			for i := range forms {
				forms[i].Set("last_name", typed[i])
			}
			won := winner(t, pair(one, two, target, forms), target, "last_name", typed)
			if now := *b.stored(1).LastName; now != typed[won] {
				t.Fatalf("%q was saved, and %q is stored", typed[won], now)
			}
		}
	})
}

// TestDifferentFieldsSavedTogether: of two people who save different fields at once, both are told that it was saved, and
// it was.
func TestDifferentFieldsSavedTogether(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, b *bundle) {
		one, two := b.as("staff"), b.as("admin")
		const target = "/console/members/1/edit"
		for n := range 20 {
			f := form(t, one.shows(target), target)
			forms := [2]url.Values{maps.Clone(f), maps.Clone(f)}
			name, phone := fmt.Sprint("山田", n), fmt.Sprint("03-0000-00", n+10)
			forms[0].Set("last_name", name)
			forms[1].Set("phone", phone)
			for _, a := range pair(one, two, target, forms) {
				if a.Code != http.StatusSeeOther {
					t.Fatalf("%d %s", a.Code, textOf(a))
				}
			}
			if m := b.stored(1); *m.LastName != name || *m.Phone != phone {
				t.Fatalf("%q and %q were saved; %q and %q are stored", name, phone, *m.LastName, *m.Phone)
			}
		}
	})
}

// TestStockSetTogether: of two people who set the same level at once, also one that is not there yet, one is told that it
// was saved.
func TestStockSetTogether(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, b *bundle) {
		one, two := b.as("staff"), b.as("admin")
		const target = "/console/stock/1/1"
		for n := range 60 {
			typed := [2]string{strconv.Itoa(100 + n), strconv.Itoa(200 + n)}
			var forms [2]url.Values
			for i, w := range []*browser{one, two} {
				forms[i] = form(t, w.shows(target), target)
				forms[i].Set("amount", typed[i])
			}
			won := winner(t, pair(one, two, target, forms), target, "amount", typed)
			one.shows(target, "<dd>"+typed[won]+"</dd>")
		}
	})
}

// TestProgrammeSavedTogether: of two who change the same of the programme at once, one is told that it was saved; who
// changes something else is too, and what was changed meanwhile stays.
func TestProgrammeSavedTogether(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, b *bundle) {
		one, two := b.as("admin"), b.as("admin")
		const target = "/console/ranks/programme"
		begun := form(t, one.shows(target), target)
		begun.Set("deed", deedSave)
		if a := one.post(target, begun); a.Code != http.StatusSeeOther {
			t.Fatalf("%d %s", a.Code, textOf(a))
		}
		// A user who was shown that there is no programme is told that there is one by now.
		begun.Set("window_months", "99")
		if a := two.post(target, begun); a.Code != http.StatusUnprocessableEntity {
			t.Fatalf("%d %s", a.Code, textOf(a))
		}
		for n := range 20 {
			f := form(t, one.shows(target), target)
			f.Set("deed", deedSave)
			forms := [2]url.Values{maps.Clone(f), maps.Clone(f)}
			typed := [2]string{strconv.Itoa(100 + n), strconv.Itoa(200 + n)}
			for i := range forms {
				forms[i].Set("maintenance-2", typed[i])
			}
			answers := pair(one, two, target, forms)
			won := slices.IndexFunc(answers[:], func(a *httptest.ResponseRecorder) bool { return a.Code == http.StatusSeeOther })
			if won < 0 || answers[1-won].Code != http.StatusUnprocessableEntity {
				t.Fatalf("%d and %d: %s", answers[0].Code, answers[1].Code, textOf(answers[0]))
			}
			again := form(t, answers[1-won].Body.String(), target)
			if again.Get("maintenance-2") != typed[1-won] || again.Get("was_maintenance-2") != typed[won] {
				t.Fatalf("shown again: %v", again)
			}
			other := maps.Clone(f) // as it was shown before
			other.Set("window_months", strconv.Itoa(5+n))
			if a := one.post(target, other); a.Code != http.StatusSeeOther {
				t.Fatalf("another field: %d %s", a.Code, textOf(a))
			}
			one.shows(target, fmt.Sprintf(`name="maintenance-2" value="%s"`, typed[won]), fmt.Sprintf(`name="window_months" value="%d"`, 5+n))
		}
	})
}

// TestClientSavedTogether: of two who change the same setting of a client at once, one is told that it was saved; who
// changes another is too, and what was changed meanwhile stays.
func TestClientSavedTogether(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, b *bundle) {
		one, two := b.as("admin"), b.as("admin")
		target := "/console/clients/" + number(b.caller(0).Client.ID)
		shown := func() url.Values {
			f := form(t, one.shows(target), target)
			f["scope"] = strings.Fields(f.Get("was_scopes")) // as the ticks are
			return f
		}
		for n := range 20 {
			f := shown()
			typed := [2]string{fmt.Sprint("一", n), fmt.Sprint("二", n)}
			forms := [2]url.Values{maps.Clone(f), maps.Clone(f)}
			for i := range forms {
				forms[i].Set("name", typed[i])
				forms[i].Set("once", noren.NewSecret("")) // each has opened the page
			}
			answers := pair(one, two, target, forms)
			won := slices.IndexFunc(answers[:], func(a *httptest.ResponseRecorder) bool { return a.Code == http.StatusSeeOther })
			if won < 0 || answers[1-won].Code != http.StatusUnprocessableEntity {
				t.Fatalf("%d and %d: %s", answers[0].Code, answers[1].Code, textOf(answers[0]))
			}
			if told := fmt.Sprintf("編集中にadminが変更しました。現在の値:「%s」", typed[won]); !strings.Contains(answers[1-won].Body.String(), told) {
				t.Fatalf("the slower is not told %q: %s", told, textOf(answers[1-won]))
			}
			again := form(t, answers[1-won].Body.String(), target)
			if again.Get("name") != typed[1-won] || again.Get("was_name") != typed[won] {
				t.Fatalf("shown again: %v", again)
			}
			other := maps.Clone(f) // as it was shown before
			other.Set("store", number(int64(1+n%2)))
			if a := one.post(target, other); a.Code != http.StatusSeeOther {
				t.Fatalf("another setting: %d %s", a.Code, textOf(a))
			}
			if now := shown(); now.Get("name") != typed[won] || now.Get("store") != other.Get("store") {
				t.Fatalf("stored: %v", now)
			}
		}
	})
}

// TestTextWithSpacesAtItsEnds: what another system stored with spaces around it, or with line breaks of its own kind, can
// be edited though a form sends it back without them.
func TestTextWithSpacesAtItsEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.rooms.Shop.Apply(t.Context(), shopOf(" 山田 ", "一\r\n二 ")); err != nil {
		t.Fatal(err)
	}
	w := b.as("staff")
	const target = "/console/members/1/edit"
	f := form(t, w.shows(target), target)
	f.Set("phone", "03-9999-9999")
	f.Set("last_name", "佐藤")
	f.Set("note", "三")
	if a := w.post(target, f); a.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Code, textOf(a))
	}
	if m := b.stored(1); *m.LastName != "佐藤" || *m.Note != "三" {
		t.Errorf("%+v", m)
	}
}

// shopOf gives member 1 that name and note.
func shopOf(name, note string) shop.Shop {
	return shop.Shop{Contract: contract, Members: []noren.MemberPatch{{ID: 1, LastName: noren.Set(name), Note: noren.Set(note)}}}
}
