package console

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"noren"
	"noren/web"
)

// auditRoutes are the audit log and the page of each entry.
func (d *Console) auditRoutes() []route {
	return []route{
		get("/audit", noren.Admin, d.audit).named("audit.title"),
		get("/audit/{entry}", noren.Admin, d.auditEntry),
	}
}

// The log shows auditShown entries on a page, of each no more than mostChanges columns, and of a value no more than
// longestValue characters. The page of an entry shows all of it.
const (
	auditShown   = 30
	mostChanges  = 8
	longestValue = 120
)

// auditView is what the log shows.
type auditView struct {
	filter   noren.AuditFilter
	from, to string // as they were typed
	list     noren.AuditList
}

// audit shows who changed what, newest first.
func (d *Console) audit(ctx context.Context, p *page) (web.Answer, error) {
	v := auditView{from: p.query("since"), to: p.query("until"), filter: noren.AuditFilter{
		Subject: p.query("subject"), SubjectID: p.query("id"), Dialect: p.query("dialect"), Login: p.query("login"),
		ClientID: p.whole("client"), Before: p.whole("before"), Page: noren.Page{Limit: auditShown},
	}}
	if day, ok := p.day(v.from); ok {
		v.filter.At.From = day
	}
	if day, ok := p.day(v.to); ok {
		v.filter.At.To = day.AddDate(0, 0, 1).Add(-time.Microsecond)
	}
	var err error
	if v.list, err = d.Service.AuditLog(ctx, p.caller(), v.filter); err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, auditPage(p, v))
}

// day is the beginning of a day in the tenant's zone.
func (p *page) day(text string) (time.Time, bool) {
	day, err := time.ParseInLocation(time.DateOnly, text, p.zone())
	return day, err == nil
}

// auditEntry shows all of one entry.
func (d *Console) auditEntry(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("entry")
	if err != nil {
		return web.Answer{}, err
	}
	list, err := d.Service.AuditLog(ctx, p.caller(), noren.AuditFilter{After: id - 1, Before: id + 1, Page: noren.Page{Limit: 1}})
	if err == nil && len(list.Items) == 0 {
		err = &noren.Error{Kind: noren.NotFound, Field: "audit entry"}
	}
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, auditEntryPage(p, list.Items[0], list.Clients))
}

// auditSubjects are what entries are about.
func auditSubjects() []string {
	return []string{
		"member", "stock", "purchase", "refund", "client", "callbacks", "import", "tenant", "ranks", "staff ranks", "stores",
		"products", "staff", "console users", "console session", "signing key",
	}
}

// auditDialects are through what entries were written.
func auditDialects() []string {
	return []string{
		string(noren.Smaregi), string(noren.ReCORE), string(noren.EasyPoints), "shopify", string(noren.Console), noren.Operator,
		noren.Schedule,
	}
}

// word is the message with that key in the family; the word itself where there is none.
func (p *page) word(family, word string) string {
	if _, known := p.console.words[family+word]; !known {
		return word
	}
	return p.T(family + word)
}

// who names whoever wrote an entry.
func (p *page) who(e noren.AuditEntry, clients map[int64]string) string {
	switch {
	case e.Login != "":
		return e.Login
	case e.ClientID != nil:
		return nameFrom(clients, *e.ClientID)
	default:
		return p.word("dialect.", e.Dialect)
	}
}

// subjectLink is the page of what an entry is about, below /console; "" where there is none.
func subjectLink(e noren.AuditEntry) string {
	switch e.Subject {
	case "member":
		return "/members/" + e.SubjectID
	case "callbacks":
		if e.SubjectID != "0" {
			return "/bulk/" + e.SubjectID
		}
	case "stock":
		if product, store, ok := strings.Cut(e.SubjectID, ":"); ok {
			return fmt.Sprintf("/stock/%s/%s", product, store)
		}
	case "client":
		return "/clients"
	}
	return ""
}

// auditChange is one column of an entry before and after. Where nothing was there before, there is nothing to compare.
type auditChange struct {
	column, before, after string
	fresh                 bool
}

// changed brings a column of an entry into words.
func (p *page) changed(column string, before, after any) auditChange {
	return auditChange{p.column(column), p.plain(before), p.plain(after), before == nil}
}

// auditChanges lists what an entry changed. Where a whole record was written, its columns are compared.
func (p *page) auditChanges(e noren.AuditEntry) (list []auditChange) {
	var columns map[string][2]any
	if err := json.Unmarshal(e.Changes, &columns); err != nil {
		return []auditChange{{column: p.T("audit.changes"), after: text8(e.Changes)}}
	}
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		before, wasRecord := columns[name][0].(map[string]any)
		after, isRecord := columns[name][1].(map[string]any)
		if !isRecord && !wasRecord || columns[name][0] != nil && !wasRecord || columns[name][1] != nil && !isRecord {
			list = append(list, p.changed(name, columns[name][0], columns[name][1]))
			continue
		}
		all := make(map[string]bool, len(before)+len(after))
		for column := range maps.Keys(before) {
			all[column] = true
		}
		for column := range maps.Keys(after) {
			all[column] = true
		}
		for _, column := range slices.Sorted(maps.Keys(all)) {
			if !reflect.DeepEqual(before[column], after[column]) {
				list = append(list, p.changed(column, before[column], after[column]))
			}
		}
	}
	return list
}

// shortened is a value as the log shows it.
func shortened(value string) string {
	if utf8.RuneCountInString(value) <= longestValue {
		return value
	}
	return string([]rune(value)[:longestValue]) + "…"
}

// whole is a value as the page of an entry shows it.
func whole(value string) string { return value }

// wordChoices offers words of a family, or any.
func (p *page) wordChoices(family string, words []string) []choice {
	list := []choice{{"", p.T("value.all")}}
	for _, w := range words {
		list = append(list, choice{w, p.word(family, w)})
	}
	return list
}

// subjectQuery asks the log for all that was done to one thing.
func subjectQuery(e noren.AuditEntry) string {
	return url.Values{"subject": {e.Subject}, "id": {e.SubjectID}}.Encode()
}
