package console

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"noren"
	"noren/app/audit"
	"noren/lenient"
	"noren/web"
)

// auditRoutes are the audit log and the pages of its entries.
func (d *Console) auditRoutes() []route {
	return []route{
		get("/audit", noren.Admin, d.audit).named("audit.title").
			asks("subject", "id", "login", "client", "dialect", "since", "until", "before"),
		get("/audit/{entry}", noren.Admin, d.auditEntry),
	}
}

// A page of the log shows auditShown entries, at most mostChanges columns of each and longestValue characters of a value.
// The page of an entry shows everything.
const (
	auditShown   = 30
	mostChanges  = 8
	longestValue = 120
)

// auditView is the content of the log's page.
type auditView struct {
	filter   noren.AuditFilter
	from, to string // as typed, to fill in the form again
	list     audit.List
}

// audit shows who changed what, newest first.
func (d *Console) audit(ctx context.Context, p *page) (web.Answer, error) {
	v := auditView{from: p.query("since"), to: p.query("until"), filter: noren.AuditFilter{
		Subject: p.chosen("subject", p.T("audit.subject"), p.wordChoices("audit.subject.", auditSubjects())), SubjectID: p.query("id"),
		Dialect: p.chosen("dialect", p.T("audit.dialect"), p.wordChoices("dialect.", auditDialects())), Login: p.query("login"),
		ClientID: positive(p.query("client")), Before: p.before(), Page: noren.Page{Limit: auditShown},
	}}
	if day, ok := p.dayOf("since"); ok {
		v.filter.At.From = day
	}
	if day, ok := p.dayOf("until"); ok {
		v.filter.At.To = day.AddDate(0, 0, 1).Add(-time.Microsecond) // times are stored in microseconds
	}
	var err error
	if v.list, err = d.Rooms.Audit.Log(ctx, p.caller(), v.filter); err != nil {
		return web.Answer{}, err
	}
	p.chosen("client", p.T("bulk.client"), p.clientChoices(v.list.Clients))
	if p.names, err = d.auditNames(ctx, p, v.list.Items); err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, auditPage(p, v))
}

// auditNames are the names of what entries refer to by IDs. Things that are gone have none, and are shown by their IDs.
type auditNames struct {
	members, products, stores, ranks, staffRanks map[int64]string
}

// auditNames reads the names of what the entries refer to, with a fixed number of reads.
func (d *Console) auditNames(ctx context.Context, p *page, entries []noren.AuditEntry) (n auditNames, err error) {
	var memberIDs, productIDs []int64
	for _, e := range entries {
		switch e.Subject {
		case "member", "view", "points":
			memberIDs = append(memberIDs, wholeID(e.SubjectID))
		case "products":
			productIDs = append(productIDs, wholeID(e.SubjectID))
		case "stock":
			var levels map[string]any
			_ = json.Unmarshal(e.Changes, &levels) // auditChanges shows what is no JSON as it is
			for key := range levels {
				product, _, _ := strings.Cut(key, ":")
				productIDs = append(productIDs, wholeID(product))
			}
		}
	}
	if n.members, err = d.memberNames(ctx, p, memberIDs); err != nil {
		return n, err
	}
	n.products, n.stores = make(map[int64]string), make(map[int64]string)
	if len(productIDs) > 0 {
		list, err := d.Rooms.Stock.Products(ctx, p.caller(), noren.CatalogueFilter{IDs: productIDs})
		if err != nil {
			return n, err
		}
		for _, product := range list.Items {
			n.products[product.ID] = product.Name
		}
	}
	stores, err := d.Rooms.Stock.Stores(ctx, p.caller(), noren.CatalogueFilter{})
	if err != nil {
		return n, err
	}
	for _, s := range stores.Items {
		n.stores[s.ID] = s.Name
	}
	catalogue, err := d.Rooms.Stock.Catalogue(ctx, p.caller())
	n.ranks, n.staffRanks = make(map[int64]string), make(map[int64]string)
	for _, r := range catalogue.Ranks {
		n.ranks[r.ID] = r.Name
	}
	for _, r := range catalogue.StaffRanks {
		n.staffRanks[r.ID] = r.Name
	}
	return n, err
}

// memberNames are the names of the members with these IDs, in one read.
func (d *Console) memberNames(ctx context.Context, p *page, ids []int64) (map[int64]string, error) {
	names := make(map[int64]string)
	if len(ids) == 0 {
		return names, nil
	}
	slices.Sort(ids)
	list, err := d.Rooms.Members.List(ctx, p.caller(), noren.MemberFilter{IDs: slices.Compact(ids), NoTotal: true})
	for _, m := range list.Items {
		names[m.ID] = nameOf(m)
	}
	return names, err
}

// wholeID is the ID that the text is; 0 if it is none.
func wholeID(text string) int64 {
	id, _ := strconv.ParseInt(text, 10, 64) // 0: nothing has that ID
	return id
}

// named is the name of an ID in a column of an entry; "" if it has none.
func (n auditNames) named(column string, value any) string {
	number, isNumber := value.(float64)
	if !isNumber {
		return ""
	}
	switch column {
	case "rank_id", "minimum_rank_id", "rank", "minimum_rank":
		return n.ranks[int64(number)]
	case "staff_rank_id", "staff_rank":
		return n.staffRanks[int64(number)]
	case "store_id", "store", "StoreID":
		return n.stores[int64(number)]
	case "member_id", "MemberID":
		return n.members[int64(number)]
	}
	return ""
}

// subjectName is what people call the subject of an entry: its name with its number, or else its ID.
func (p *page) subjectName(e noren.AuditEntry) string {
	id := wholeID(e.SubjectID)
	name := ""
	switch e.Subject {
	case "member", "view", "points":
		name = p.names.members[id]
	case "products":
		name = p.names.products[id]
	case "stores":
		name = p.names.stores[id]
	case "ranks":
		name = p.names.ranks[id]
	case "staff ranks":
		name = p.names.staffRanks[id]
	case "stock":
		return p.levelName(e.SubjectID)
	case "purchase", "refund":
		source, rest, _ := strings.Cut(e.SubjectID, ":")
		return p.word("source.", source) + " " + strings.ReplaceAll(rest, ":", " ")
	case "callbacks":
		if id > 0 {
			return p.T("bulk.request_title", e.SubjectID)
		}
		return ""
	case "export":
		if number, ok := strings.CutPrefix(e.SubjectID, "refused lines of import "); ok {
			return p.T("audit.refused_lines", number)
		}
		return p.word("audit.value.", e.SubjectID)
	case "signing key":
		return p.word("audit.key.", e.SubjectID)
	}
	if name == "" {
		return e.SubjectID
	}
	return p.T("audit.named", name, e.SubjectID)
}

// levelName names the product and the store of a level of stock, which the log has as product:store.
func (p *page) levelName(key string) string {
	product, store, ok := strings.Cut(key, ":")
	if !ok {
		return key
	}
	return p.T("stock.level_title", nameFrom(p.names.products, wholeID(product)), nameFrom(p.names.stores, wholeID(store)))
}

// day is the start of a day in the tenant's zone; false if text is not a date.
func (p *page) day(text string) (time.Time, bool) {
	date, wrong := lenient.Date(text)
	if wrong != nil {
		return time.Time{}, false
	}
	day, err := time.ParseInLocation(time.DateOnly, string(date), p.zone())
	return day, err == nil
}

// auditEntry shows one entry completely.
func (d *Console) auditEntry(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("entry")
	if err != nil {
		return web.Answer{}, err
	}
	// The log has no read by ID: between its neighbours there is only this one.
	list, err := d.Rooms.Audit.Log(ctx, p.caller(), noren.AuditFilter{After: id - 1, Before: id + 1, Page: noren.Page{Limit: 1}})
	if err == nil && len(list.Items) == 0 {
		err = &noren.Error{Kind: noren.NotFound, Field: "audit entry"}
	}
	if err != nil {
		return web.Answer{}, err
	}
	if p.names, err = d.auditNames(ctx, p, list.Items); err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, auditEntryPage(p, list.Items[0], list.Clients))
}

// auditSubjects are the subjects of entries, in the order of the filter.
func auditSubjects() []string {
	return []string{
		"member", "stock", "purchase", "refund", "client", "callbacks", "import", "tenant", "ranks", "staff ranks", "stores",
		"products", "staff", "console users", "console session", "signing key", "points", "view", "export", "rank_programme",
		"points_programme",
	}
}

// note records that the user has seen or taken out something. A failure to write it down is a failure of the request: what is
// not recorded is not shown.
func (d *Console) note(ctx context.Context, p *page, subject, id, what string) error {
	return d.Rooms.Audit.Note(ctx, p.caller(), subject, id, audit.Change("access", nil, what))
}

// auditDialects are the ways through which changes are made.
func auditDialects() []string {
	return []string{
		string(noren.Smaregi), string(noren.ReCORE), string(noren.EasyPoints), string(noren.Privacy), "shopify", string(noren.Console),
		noren.Operator, noren.Schedule,
	}
}

// word is the message for a word of the domain, or the word itself if there is none.
func (p *page) word(family, word string) string {
	if _, known := p.console.words[family+word]; !known {
		return word
	}
	return p.T(family + word)
}

// subjectLink is the page of an entry's subject, below /console; "" if there is none.
func subjectLink(e noren.AuditEntry) string {
	switch e.Subject {
	case "member", "view":
		return "/members/" + e.SubjectID
	case "points":
		if e.SubjectID != "" { // "": of several members at once
			return "/members/" + e.SubjectID + "/points"
		}
	case "callbacks":
		if e.SubjectID != "0" { // 0: all callbacks of a state, resent on the command line
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

// auditChange is one column of an entry before and after. A fresh one had no value before, so there is nothing to strike
// out.
type auditChange struct {
	column, before, after string
	fresh                 bool
}

// changed formats one column of an entry about that subject.
func (p *page) changed(subject, column string, before, after any) auditChange {
	shown := func(value any) string {
		text := p.spell(subject, column, value)
		if value == nil {
			return text
		}
		return p.conceal(column, text)
	}
	return auditChange{p.column(subject, column), shown(before), shown(after), before == nil}
}

// auditChanges lists what an entry changed. Where a column holds a whole record, its own columns are
// compared.
func (p *page) auditChanges(e noren.AuditEntry) (list []auditChange) {
	var columns map[string][2]any
	if err := json.Unmarshal(e.Changes, &columns); err != nil {
		return []auditChange{{column: p.T("audit.changes"), after: text8(e.Changes)}}
	}
	for _, name := range inOrder(columns) {
		before, wasRecord := columns[name][0].(map[string]any)
		after, isRecord := columns[name][1].(map[string]any)
		if e.Subject == "stock" && strings.Contains(name, ":") {
			amount := p.changed(e.Subject, "amount", columns[name][0], columns[name][1])
			amount.column = p.T("audit.level", p.levelName(name))
			list = append(list, amount)
			continue
		}
		if !isRecord && !wasRecord || columns[name][0] != nil && !wasRecord || columns[name][1] != nil && !isRecord {
			list = append(list, p.changed(e.Subject, name, columns[name][0], columns[name][1]))
			continue
		}
		// A column may exist on one side only.
		all := make(map[string]bool, len(before)+len(after))
		for column := range maps.Keys(before) {
			all[column] = true
		}
		for column := range maps.Keys(after) {
			all[column] = true
		}
		for _, column := range slices.Sorted(maps.Keys(all)) {
			if !unseen(column) && !reflect.DeepEqual(before[column], after[column]) {
				list = append(list, p.changed(e.Subject, column, before[column], after[column]))
			}
		}
	}
	return list
}

// shortened is a value cut for the log.
func shortened(value string) string {
	if utf8.RuneCountInString(value) <= longestValue {
		return value
	}
	return string([]rune(value)[:longestValue]) + "…"
}

// whole is a value for the page of an entry, which shows all of it.
func whole(value string) string { return value }

// wordChoices are the choices of a filter: any, or one of the words.
func (p *page) wordChoices(family string, words []string) []choice {
	list := []choice{{"", p.T("value.all")}}
	for _, w := range words {
		list = append(list, choice{w, p.word(family, w)})
	}
	return list
}

// subjectQuery is the query for all entries about one subject.
func subjectQuery(e noren.AuditEntry) string {
	return url.Values{"subject": {e.Subject}, "id": {e.SubjectID}}.Encode()
}
