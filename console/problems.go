package console

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// problems are the problems of a form, one sentence by field; "" is the form as a whole.
type problems map[string]string

// wrong records a problem of a field. The first one stays: later checks may only follow from it.
func (p *page) wrong(field, sentence string) {
	if p.problems == nil {
		p.problems = make(problems)
	}
	if _, noted := p.problems[field]; !noted {
		p.problems[field] = sentence
	}
}

// shownField is a field of the page that is being rendered.
type shownField struct{ name, label, id string }

// shows notes that the page has a field, with its label and its ID in the page, for the summary of problems. Each control
// calls it, so no form has to list its fields a second time.
func (p *page) shows(name, label, id string) {
	if p.measuring {
		p.fields = append(p.fields, shownField{name, label, id})
	}
}

// summarised is a line of the summary above a form. Without an ID the field is not on the page.
type summarised struct{ label, sentence, id string }

// summary lists the problems in the order in which their fields stand on the page. Problems of what is not on the page come
// last, because they too explain why nothing was saved.
func (p *page) summary() (list []summarised) {
	told := map[string]bool{"": true} // the form as a whole is told above the list
	for _, f := range p.fields {
		if sentence := p.problems[f.name]; sentence != "" && !told[f.name] {
			told[f.name] = true
			list = append(list, summarised{cmp.Or(f.label, f.name), sentence, f.id})
		}
	}
	var others []string
	for name, sentence := range p.problems {
		if !told[name] {
			others = append(others, sentence)
		}
	}
	slices.Sort(others)
	for _, sentence := range slices.Compact(others) {
		list = append(list, summarised{sentence: sentence})
	}
	return list
}

// wayBack is the page from which a request that failed was made: the page with the form, or the one with the link; "" if
// there is none in the console, or if it is this one.
func (p *page) wayBack() string {
	r := p.x.HTTP
	if back := p.formPage(); back != "" {
		return back
	}
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host != r.Host || !strings.HasPrefix(u.Path, prefix+"/") || u.Path == r.URL.Path {
		return ""
	}
	return u.RequestURI()
}

// formPage is the address of the page that shows the form of this request; "" if the route declares none.
func (p *page) formPage() string {
	if p.x.Route == nil {
		return ""
	}
	r := p.console.byMethod[p.x.HTTP.Method+" "+strings.TrimPrefix(p.x.Route.Pattern, prefix)]
	if r.page == "" {
		return ""
	}
	path, query, _ := strings.Cut(r.page, "?")
	for name, value := range p.x.Vars {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	if name := strings.Trim(query, "{}"); name != "" && p.form.Has(name) {
		path += "?" + url.Values{name: {p.form.Get(name)}}.Encode()
	}
	return prefix + path
}

// bytes formats the size of a file, in the unit in which limits are set.
func (p *page) bytes(n int64) string {
	if n >= 1<<20 {
		return p.number(n>>20) + "MB"
	}
	return p.number(n>>10) + "KB"
}
