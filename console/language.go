package console

import (
	"context"
	"fmt"
	"maps"
	"net/http"

	tags "golang.org/x/text/language"

	"noren"
	"noren/web"
)

// language is a language of the console.
type language string

// The languages. Japanese is the default.
const (
	japanese language = "ja"
	english  language = "en"
)

// text is a message in both languages. With arguments it is a format of package fmt.
type text struct{ ja, en string }

// in returns the message in the language.
func (t text) in(l language) string {
	if l == english {
		return t.en
	}
	return t.ja
}

// vocabulary returns all messages by key. It is an error if two areas use the same key: one message would replace the
// other silently.
func vocabulary() (map[string]text, error) {
	words := make(map[string]text)
	for _, area := range []map[string]text{
		shellWords(),
		accountWords(),
		secondFactorWords(),
		homeWords(),
		pointListWords(),
		memberWords(),
		rankWords(),
		earningWords(),
		stockWords(),
		bulkWords(),
		clientWords(),
		auditWords(),
		importWords(),
		importChangeWords(),
		readingWords(),
	} {
		for key := range area {
			if _, twice := words[key]; twice {
				return nil, fmt.Errorf("console: the message %q is given twice", key)
			}
		}
		maps.Copy(words, area)
	}
	return words, nil
}

// T is the message in the language of the page. A key without a message is shown in brackets, which tests find.
func (p *page) T(key string, args ...any) string {
	t, known := p.console.words[key]
	switch {
	case !known:
		return "⟦" + key + "⟧"
	case len(args) == 0:
		return t.in(p.lang)
	}
	format := t.in(p.lang)
	// English tells one from several; Japanese does not.
	if one, differs := singulars()[key]; differs && p.lang == english && fmt.Sprint(args[0]) == "1" {
		format = one
	}
	return fmt.Sprintf(format, args...)
}

// singulars are the English messages whose first argument is 1, where they differ.
func singulars() map[string]string {
	return map[string]string{
		"bulk.attempts_n": "%s attempt", "time.d": "%s day", "stock.days": "%s day", "ranks.months": "%d month",
		"reason.too_long": "At most %d character.", "error.429": "Too many failed attempts. Try again in %d second.",
		"imports.judged":   "Based on the first line (%s).",
		"points.owed":      "%s point of refunded purchases has been used. It is taken off the next points that purchases earn.",
		"members.points":   "%s point",
		"bulk.failed_rows": "Nothing was applied because %s of the rows has errors. The reason is shown next to it.",
	}
}

// languageOf is the language that the user chose, or otherwise the browser's preference.
func (d *Console) languageOf(r *http.Request) language {
	if c := language(d.cookieOf(r, cookieLanguage)); c == japanese || c == english {
		return c
	}
	if header := r.Header.Get("Accept-Language"); header != "" {
		matcher := tags.NewMatcher([]tags.Tag{tags.Japanese, tags.English})
		if _, i := tags.MatchStrings(matcher, header); i == 1 {
			return english
		}
	}
	return japanese
}

// other is the language that the page offers to switch to.
func (l language) other() language {
	if l == japanese {
		return english
	}
	return japanese
}

// yearOfSeconds is how long the browser remembers the chosen language.
const yearOfSeconds = 365 * 24 * 60 * 60

// setLanguage stores the language in a cookie and returns to the page where it was chosen. It is open to all: the sign-in
// page has the switch too.
func (d *Console) setLanguage(_ context.Context, p *page) (web.Answer, error) {
	chosen := language(p.form.Get("language"))
	if chosen != japanese && chosen != english {
		return web.Answer{}, &noren.Error{Kind: noren.Invalid, Field: "language", Value: string(chosen)}
	}
	a := web.Answer{Status: http.StatusSeeOther}.With("Location", ownPage(p.form.Get("back")))
	return a.With("Set-Cookie", p.cookie(cookieLanguage, string(chosen), yearOfSeconds).String()), nil
}
