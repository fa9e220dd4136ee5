package console

import (
	"net/http"
	"strings"
)

// htmxConfig keeps htmx from what the content security policy forbids, and has it show refusals as it shows answers.
const htmxConfig = `{"allowEval":false,"includeIndicatorStyles":false,"selfRequestsOnly":true,"historyCacheSize":0,"refreshOnHistoryMiss":true,` +
	`"responseHandling":[{"code":"204","swap":false},{"code":"...","swap":true}]}`

// failure is what the error page shows.
type failure struct {
	status    int
	words     string
	reference string // the request id, by which the log can be searched
}

// within reports whether the page is the one at the path or below it.
func (p *page) within(path string) bool {
	own := strings.TrimPrefix(p.x.HTTP.URL.Path, prefix)
	return own == path || strings.HasPrefix(own, path+"/")
}

// address is where the browser is, to come back to. A page that was the answer to a form has no address of its own.
func (p *page) address() string {
	if p.x.HTTP.Method != http.MethodGet {
		if p.signedIn() {
			return prefix + "/"
		}
		return prefix + "/sign-in"
	}
	return p.x.HTTP.URL.RequestURI()
}
