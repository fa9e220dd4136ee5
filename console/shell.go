package console

import (
	"net/http"
	"strings"
)

// htmxConfig turns off what the content security policy forbids, and makes htmx show error responses like any other.
const htmxConfig = `{"allowEval":false,"includeIndicatorStyles":false,"selfRequestsOnly":true,"historyCacheSize":0,` +
	`"refreshOnHistoryMiss":true,"timeout":15000,` +
	`"responseHandling":[{"code":"204","swap":false},{"code":"...","swap":true}]}`

// failure is the content of the error page.
type failure struct {
	status    int
	words     string
	reference string // the request ID, to find the request in the log
	open      string // the address without its parameters, if one of them is what is wrong
}

// within reports whether this page is at the path or below it.
func (p *page) within(path string) bool {
	own := strings.TrimPrefix(p.x.HTTP.URL.Path, prefix)
	return own == path || strings.HasPrefix(own, path+"/")
}

// address is the address to return to after switching the language. A page that responds to a form has none, because a GET of
// its address may not exist.
func (p *page) address() string {
	if p.x.HTTP.Method != http.MethodGet {
		if back := p.formPage(); back != "" {
			return back
		}
		if p.signedIn() {
			return prefix + "/"
		}
		return prefix + "/sign-in"
	}
	return p.x.HTTP.URL.RequestURI()
}
