package main

import (
	"cmp"
	"io"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// Settings may hold passwords: postgres://, redis:// and s3:// addresses, and whatever somebody writes before the @ of a host.
// Errors that repeat such an address are made in many places, some of them in libraries, so the passwords are removed in one
// place: where output leaves the program.

// redacted is what is printed in the place of a password.
const redacted = "xxxxx"

// shortSecret is the length below which a password is only removed together with its user's name: as a word of its own it
// would occur in ordinary text.
const shortSecret = 6

// redactor replaces the secrets of the settings in what is written to w. Each message is one write; the log and the command may
// write at the same time.
type redactor struct {
	mu      sync.Mutex
	w       io.Writer
	secrets *strings.Replacer
}

// newRedactor finds the secrets in the command line and the variables, in whatever scheme and letter case they are written.
func newRedactor(w io.Writer, args []string, env func(string) string) io.Writer {
	pairs := make(map[string]string)
	settings := settingsOf(reflect.TypeFor[cli]())
	for _, variable := range settings {
		addSecrets(pairs, env(variable))
	}
	for i, arg := range args {
		// An @ without a scheme counts only in settings: elsewhere it is that of somebody's address.
		name, value, joined := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		switch {
		case joined && strings.HasPrefix(arg, "--") && settings[name] != "":
			addSecrets(pairs, value)
		case i > 0 && settings[strings.TrimPrefix(args[i-1], "--")] != "", strings.Contains(arg, "://"):
			addSecrets(pairs, arg)
		}
	}
	if len(pairs) == 0 {
		return w
	}
	// The longest first: a replacer takes the first that fits, and one secret may begin with another.
	found := make([]string, 0, len(pairs))
	for secret := range pairs {
		found = append(found, secret)
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	list := make([]string, 0, 2*len(found))
	for _, secret := range found {
		list = append(list, secret, pairs[secret])
	}
	return &redactor{w: w, secrets: strings.NewReplacer(list...)}
}

// Write implements io.Writer.
func (r *redactor) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.secrets.WriteString(r.w, string(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// underneath returns the writer that w writes to in the end, which may be a terminal.
func underneath(w io.Writer) io.Writer {
	if r, ok := w.(*redactor); ok {
		return r.w
	}
	return w
}

// settingsOf lists the variables of all flags of a command line that have one, by the names of the flags.
func settingsOf(command reflect.Type) map[string]string {
	all := make(map[string]string)
	for i := range command.NumField() {
		field := command.Field(i)
		if variable := field.Tag.Get(variableTag); variable != "" {
			all[cmp.Or(field.Tag.Get("name"), dashed(field.Name))] = variable
		} else if field.Type.Kind() == reflect.Struct {
			maps.Copy(all, settingsOf(field.Type))
		}
	}
	return all
}

// dashed is the name of the flag of a field: BaseURL is base-url.
func dashed(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) && (unicode.IsLower(rune(name[i-1])) || i+1 < len(name) && unicode.IsLower(rune(name[i+1]))) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// addSecrets adds what must not be printed of a setting, with what is printed instead. A setting may be a list.
func addSecrets(pairs map[string]string, value string) {
	addSecretsOf(pairs, value)
	if items := strings.FieldsFunc(value, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }); len(items) > 1 {
		for _, item := range items {
			addSecretsOf(pairs, item)
		}
	}
}

// addSecretsOf is addSecrets for one address, with or without a scheme.
func addSecretsOf(pairs map[string]string, value string) {
	_, rest, found := strings.Cut(value, "://")
	if !found {
		rest = value
	}
	// The last @: a password that nobody has escaped may contain one, and it may contain a slash or a question mark too.
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, password, both := strings.Cut(rest[:at], ":")
		addSecret(pairs, user+":", password, "@")
		if !both && user != "" {
			pairs[user+"@"] = redacted + "@" // which may be a password in the wrong place
		}
	}
	_, query, _ := strings.Cut(rest, "?")
	for parameter := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == '#' }) {
		name, secret, _ := strings.Cut(parameter, "=")
		if name = strings.ToLower(name); strings.Contains(name, "password") || strings.Contains(name, "secret") {
			addSecret(pairs, parameter[:len(name)]+"=", secret, "")
		}
	}
}

// addSecret adds the secret as it stands between before and after, and by itself: as it was written, unescaped, and as it
// is quoted in a log.
func addSecret(pairs map[string]string, before, secret, after string) {
	if secret == "" {
		return
	}
	plain, err := url.PathUnescape(secret)
	if err != nil {
		plain = secret
	}
	forms := []string{secret, plain, url.QueryEscape(plain), url.PathEscape(plain)}
	// A parser that takes a character of an unescaped password for the end of it complains about what follows.
	forms = append(forms, strings.FieldsFunc(secret, func(r rune) bool { return strings.ContainsRune("/?#@&:=", r) })...)
	for _, form := range forms {
		quoted := strings.Trim(strconv.Quote(form), `"`)
		for _, written := range []string{form, quoted} {
			pairs[before+written+after] = before + redacted + after
			if len(form) >= shortSecret {
				pairs[written] = redacted
			}
		}
	}
}
