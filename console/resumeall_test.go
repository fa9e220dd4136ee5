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

// controls lists the fields that somebody can fill in, in the form of that action.
func controls(body, action string) (list []control) {
	_, rest, _ := strings.Cut(body, `action="`+action+`"`)
	rest, _, _ = strings.Cut(rest, "</form>")
	for _, tag := range controlTags.FindAllString(rest, -1) {
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
		if !strings.Contains(body, `action="`+target+`"`) {
			continue // a button that is offered at times
		}
		fields := controls(body, target)
		if len(fields) == 0 || !slices.ContainsFunc(fields, func(c control) bool { return c.kind != "checkbox" || len(fields) > 1 }) {
			continue // buttons, and boxes beside a list
		}
		tried = append(tried, r.pattern)
		typed := form(t, body, target)
		for _, c := range fields {
			switch {
			case c.kind == "checkbox":
				typed[c.name] = c.boxes[:1]
			case c.kind == "select":
				typed.Set(c.name, c.choices[len(c.choices)-1])
			default:
				typed.Set(c.name, "書きかけ <"+c.name+"> & \"2\"")
			}
		}
		w.ends()
		kept := carried(w.post(target, typed).Body.String())
		if kept == "" {
			t.Errorf("%s: nothing is kept", r.pattern)
			w = b.as("admin")
			continue
		}
		again, code := w.signInWith(kept, "admin")
		// What was typed for an import's columns is judged before it is shown.
		if code != http.StatusOK && code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", r.pattern, code)
			w = b.as("admin")
			continue
		}
		back := form(t, again, target)
		for _, c := range fields {
			if c.kind != "checkbox" {
				if back.Get(c.name) != typed.Get(c.name) {
					t.Errorf("%s: %s was %q and is %q", r.pattern, c.name, typed.Get(c.name), back.Get(c.name))
				}
				continue
			}
			for _, box := range c.boxes {
				ticked := regexp.MustCompile(`name="` + c.name + `"[^>]* value="` + regexp.QuoteMeta(html.EscapeString(box)) + `"[^>]* checked`).MatchString(again)
				if ticked != slices.Contains(typed[c.name], box) {
					t.Errorf("%s: the box %s %s is ticked: %t", r.pattern, c.name, box, ticked)
				}
			}
		}
		w.lacks(again, "⟦")
	}
	slices.Sort(tried)
	want := []string{
		"/clients", "/clients/{id}", "/imports/{id}", "/members/new", "/members/{id}/edit", "/members/{id}/erase", "/members/{id}/notes",
		"/members/{id}/points", "/members/{id}/points/{entry}/reverse", "/ranks/points", "/ranks/programme", "/stock/{product}/{store}",
	}
	if !slices.Equal(tried, want) {
		t.Errorf("the forms tried are %q, want %q", tried, want)
	}
}
