package console

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"

	"noren/web"
)

// cookieNotice carries the message about what a form has done to the page that is shown next.
const cookieNotice = "noren_notice"

// noticeSeconds is how long a notice waits for its page. It is meant for the redirect, not for a later visit.
const noticeSeconds = 60

// mostNotice is the longest notice, in bytes; browsers store cookies of up to 4096.
const mostNotice = 3000

// notice is a message of the vocabulary with its arguments, for one page.
type notice struct {
	Key     string   `json:"k"`
	Args    []string `json:"a,omitempty"`
	Warning bool     `json:"w,omitempty"` // nothing was done, or not what was expected
	Path    string   `json:"p"`           // of the page, so that another tab does not show it
}

// done is redirect with a message to show there, whose key begins with "done.".
func (p *page) done(message, path string) web.Answer {
	return p.noticed(notice{Key: message}, path)
}

// warned is done for a message that nothing was done: it is not shown as a success.
func (p *page) warned(message, path string, args ...string) web.Answer {
	return p.noticed(notice{Key: message, Args: args, Warning: true}, path)
}

// noticed redirects with a notice. It is in a cookie that is signed with the session, so neither a link nor another host
// can put words into the page, no node has to keep it, and a reload does not repeat it.
func (p *page) noticed(n notice, path string) web.Answer {
	return p.leaving(p.redirect(path), p.console.cookieOf(p.x.HTTP, cookieSession), n, prefix+path)
}

// leaving adds the notice for the page at that address, in that session.
func (p *page) leaving(a web.Answer, session string, n notice, address string) web.Answer {
	n.Path, _, _ = strings.Cut(address, "?")
	data, err := json.Marshal(n)
	if err != nil || len(data) > mostNotice {
		return a
	}
	sealed := base64.RawURLEncoding.EncodeToString(data) + "." + base64.RawURLEncoding.EncodeToString(seal(session, data))
	return a.With("Set-Cookie", p.cookie(cookieNotice, sealed, noticeSeconds).String())
}

// seal signs data for the session.
func seal(session string, data []byte) []byte {
	mac := hmac.New(sha256.New, []byte("notice "+session))
	_, _ = mac.Write(data) // writing to memory cannot fail
	return mac.Sum(nil)
}

// notice is the message that a form left for this page, and whether it warns; "" if there is none. Rendering it uses it up.
func (p *page) notice() (words string, warning bool) {
	data, mac, sealed := strings.Cut(p.console.cookieOf(p.x.HTTP, cookieNotice), ".")
	content, err := base64.RawURLEncoding.DecodeString(data)
	if !sealed || err != nil {
		return "", false
	}
	given, err := base64.RawURLEncoding.DecodeString(mac)
	var n notice
	ours := hmac.Equal(given, seal(p.console.cookieOf(p.x.HTTP, cookieSession), content))
	if err != nil || !ours || json.Unmarshal(content, &n) != nil || n.Path != p.x.HTTP.URL.Path {
		return "", false
	}
	p.noticeShown = true
	args := make([]any, len(n.Args))
	for i, arg := range n.Args {
		args[i] = arg
	}
	return p.T(n.Key, args...), n.Warning
}
