package console

import (
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Controls of a form, as browsers read them.
var (
	controlTags  = regexp.MustCompile(`(?s)<(?:input|textarea|select|option)\b[^>]*>`)
	tagAttribute = regexp.MustCompile(`\b(name|value|type)="([^"]*)"`)
)

// control is a field of a form that somebody can fill in.
type control struct {
	name, kind string
	choices    []string // of a select
	boxes      []string // the values of boxes of that name
}

// forms are the texts of the forms of that address, of which a page may have several.
func forms(body, action string) (list []string) {
	begin := `action="` + action + `"`
	for i, part := range strings.Split(body, begin) {
		if i > 0 {
			text, _, _ := strings.Cut(part, "</form>")
			list = append(list, begin+text+"</form>")
		}
	}
	return list
}

// controls lists the fields of a form that somebody can fill in.
func controls(text string) (list []control) {
	for _, tag := range controlTags.FindAllString(text, -1) {
		attributes := make(map[string]string)
		for _, a := range tagAttribute.FindAllStringSubmatch(tag, -1) {
			attributes[a[1]] = html.UnescapeString(a[2])
		}
		name, kind := attributes["name"], attributes["type"]
		switch {
		case strings.HasPrefix(tag, "<option") && len(list) > 0:
			last := &list[len(list)-1]
			last.choices = append(last.choices, attributes["value"])
		case strings.HasPrefix(tag, "<option"), name == "", kind == "hidden", kind == "file", name == fieldSure:
		case kind == "checkbox" && len(list) > 0 && list[len(list)-1].name == name:
			last := &list[len(list)-1]
			last.boxes = append(last.boxes, attributes["value"])
		case kind == "checkbox":
			list = append(list, control{name: name, kind: kind, boxes: []string{attributes["value"]}})
		case strings.HasPrefix(tag, "<select"):
			list = append(list, control{name: name, kind: "select"})
		default:
			list = append(list, control{name: name, kind: "text"})
		}
	}
	return list
}

// TestSessionEndsInEveryForm: in every form of the console in which something can be typed, chosen or ticked, all of it is there after
// the session had ended and the user has signed in again. Passwords and codes are not, nor are files, which the page says.
func TestSessionEndsInEveryForm(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("admin")
	form(t, w.shows("/console/members/1"), "/console/members/1/points")
	given := form(t, w.shows("/console/members/1"), "/console/members/1/points")
	given.Set("mode", "ADD")
	given.Set("amount", "5")
	if a := w.post("/console/members/1/points", given); a.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Code, textOf(a))
	}
	w.upload("members", "会員.csv", "会員コード,姓,電話番号\nZ1,山田,03-1234-5678\n")
	names := strings.NewReplacer("{id}", "1", "{entry}", "1", "{product}", "1", "{store}", "1", "?{dialect}", "?dialect=smaregi")
	var tried []string
	for _, r := range b.console.list {
		if r.method != http.MethodPost || r.secret || r.stream || r.open || r.page == "" || strings.Contains(r.pattern, "{note}") || strings.Contains(r.pattern, "{attachment}") {
			continue
		}
		page, target := "/console"+names.Replace(r.page), "/console"+names.Replace(r.pattern)
		if strings.HasPrefix(r.pattern, "/bulk/{id}") {
			continue // a button beside a request, of which there is none
		}
		body := w.shows(page)
		for n, shown := range forms(body, target) {
			if fields := controls(shown); slices.ContainsFunc(fields, func(c control) bool { return c.kind != "checkbox" || len(fields) > 1 }) {
				tried = append(tried, r.pattern)
				w = b.bringsBack(t, w, target, shown, n, fields)
			} // else buttons, and boxes beside a list
		}
	}
	slices.Sort(tried)
	want := []string{
		"/clients", "/clients/{id}", "/imports/{id}", "/imports/{id}", "/members/new", "/members/{id}/edit", "/members/{id}/erase", "/members/{id}/notes",
		"/members/{id}/points", "/members/{id}/points/{entry}/reverse", "/ranks/points", "/ranks/programme", "/stock/{product}/{store}",
	}
	if !slices.Equal(tried, want) {
		t.Errorf("the forms tried are %q, want %q", tried, want)
	}
}

// bringsBack fills in the nth form of that address, ends the session, sends it, and looks whether all is there after signing in.
func (b *bundle) bringsBack(t *testing.T, w *browser, target, shown string, n int, fields []control) *browser {
	t.Helper()
	typed := form(t, shown, target)
	for _, c := range fields {
		switch c.kind {
		case "checkbox":
			typed[c.name] = c.boxes[:1]
		case "select":
			typed.Set(c.name, c.choices[len(c.choices)-1])
		default:
			typed.Set(c.name, "書きかけ <"+c.name+"> & \"2\"")
		}
	}
	w.ends()
	kept := carried(w.post(target, typed).Body.String())
	again, code := w.signInWith(kept, "admin")
	list := forms(again, target)
	if kept == "" || code != http.StatusOK && code != http.StatusUnprocessableEntity || len(list) <= n { // a preview judges what it shows
		t.Errorf("%s: kept %t, %d, %d forms", target, kept != "", code, len(list))
		return b.as("admin")
	}
	back := form(t, list[n], target)
	for _, c := range fields {
		if c.kind != "checkbox" && back.Get(c.name) != typed.Get(c.name) {
			t.Errorf("%s: %s was %q and is %q", target, c.name, typed.Get(c.name), back.Get(c.name))
		}
		for _, box := range c.boxes {
			ticked := regexp.MustCompile(`name="` + c.name + `"[^>]* value="` + regexp.QuoteMeta(html.EscapeString(box)) + `"[^>]* checked`).MatchString(list[n])
			if ticked != slices.Contains(typed[c.name], box) {
				t.Errorf("%s: the box %s %s is ticked: %t", target, c.name, box, ticked)
			}
		}
	}
	w.lacks(again, "⟦")
	return w
}
