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

// language is one that the console speaks.
type language string

// The languages. Japanese is what is spoken where nothing else is asked for.
const (
	japanese language = "ja"
	english  language = "en"
)

// text is a message in both languages, as a format of package fmt where the message has arguments.
type text struct{ ja, en string }

// in answers the message in the language.
func (t text) in(l language) string {
	if l == english {
		return t.en
	}
	return t.ja
}

// vocabulary is every message by its key. An error where two areas use the same key.
func vocabulary() (map[string]text, error) {
	words := make(map[string]text)
	for _, area := range []map[string]text{
		shellWords(),
		accountWords(),
		memberWords(),
		rankWords(),
		stockWords(),
		bulkWords(),
		clientWords(),
		auditWords(),
		importWords(),
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

// T is the message in the language of the page. A key that there is not is shown as it is, for a test to find.
func (p *page) T(key string, args ...any) string {
	t, known := p.console.words[key]
	switch {
	case !known:
		return "⟦" + key + "⟧"
	case len(args) == 0:
		return t.in(p.lang)
	default:
		return fmt.Sprintf(t.in(p.lang), args...)
	}
}

// languageOf is what the user has chosen, or what the browser prefers of the two.
func languageOf(r *http.Request) language {
	if c, err := r.Cookie(cookieLanguage); err == nil && (c.Value == string(japanese) || c.Value == string(english)) {
		return language(c.Value)
	}
	if header := r.Header.Get("Accept-Language"); header != "" {
		matcher := tags.NewMatcher([]tags.Tag{tags.Japanese, tags.English})
		if _, i := tags.MatchStrings(matcher, header); i == 1 {
			return english
		}
	}
	return japanese
}

// other is the language to switch to.
func (l language) other() language {
	if l == japanese {
		return english
	}
	return japanese
}

// yearOfSeconds is how long a browser remembers the language.
const yearOfSeconds = 365 * 24 * 60 * 60

// setLanguage remembers the language and goes back to the page that it was chosen on.
func (d *Console) setLanguage(_ context.Context, p *page) (web.Answer, error) {
	chosen := language(p.form.Get("language"))
	if chosen != japanese && chosen != english {
		return web.Answer{}, &noren.Error{Kind: noren.Invalid, Field: "language", Value: string(chosen)}
	}
	a := web.Answer{Status: http.StatusSeeOther}.With("Location", ownPage(p.form.Get("back")))
	return a.With("Set-Cookie", p.cookie(cookieLanguage, string(chosen), yearOfSeconds).String()), nil
}
