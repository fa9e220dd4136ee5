package console

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"noren"
	"noren/app/members"
	"noren/app/points"
	"noren/app/ranks"
	"noren/app/stock"
	"noren/web"
)

// memberRoutes are the list of members and the pages of each member.
func (d *Console) memberRoutes() []route {
	upload := post("/members/{id}/attachments", noren.Clerk, d.attach).on("/members/{id}")
	upload.stream, upload.bodyLimit = true, members.MaxUpload
	return []route{
		get("/members", noren.Viewer, d.members).named("members.title").asks("q", "status", "rank", "store", "since", "sort", "page", "open"),
		get("/members/new", noren.Clerk, d.newMember),
		post("/members/new", noren.Clerk, d.createMember).on("/members/new"),
		get("/members/export", noren.Clerk, d.exportMembers).traces().asks("q", "status", "rank", "store", "since", "sort", "encoding"),
		d.ofMember("/members/{id}", noren.Viewer, d.member),
		d.ofMember("/members/{id}/edit", noren.Clerk, d.editMember),
		post("/members/{id}/edit", noren.Clerk, d.saveMember).on("/members/{id}/edit"),
		d.ofMember("/members/{id}/points", noren.Viewer, d.memberPoints).asks("page"),
		post("/members/{id}/points", noren.Clerk, d.adjustPoints).on("/members/{id}"),
		d.ofMember("/members/{id}/points/{entry}/reverse", noren.Admin, d.askToReverse),
		post("/members/{id}/points/{entry}/reverse", noren.Admin, d.reversePoints).on("/members/{id}/points/{entry}/reverse"),
		d.ofMember("/members/{id}/spend", noren.Viewer, d.memberSpend).asks("page"),
		d.ofMember("/members/{id}/history", noren.Viewer, d.memberHistory).asks("page"),
		post("/members/{id}/notes", noren.Clerk, d.addNote).on("/members/{id}"),
		post("/members/{id}/notes/{note}/delete", noren.Clerk, d.deleteNote).on("/members/{id}"),
		upload,
		post("/members/{id}/attachments/{attachment}/delete", noren.Clerk, d.deleteAttachment).on("/members/{id}"),
		get("/members/{id}/data", noren.Admin, d.memberData).traces(),
		post("/members/{id}/erase", noren.Admin, d.eraseMember).on("/members/{id}"),
	}
}

// rowsShown is the number of rows on a page of a list. mostOffset limits how far people can page, because skipping rows
// costs time: a search finds a member sooner.
const (
	rowsShown  = 50
	mostOffset = 10_000
)

// paging is one page of a list that is not counted, because counting reads all of it. One row more than shown is read to
// know whether there is a next page.
type paging struct{ number, rows int }

// paging reads the number of the page, from 1.
func (p *page) paging() paging {
	return paging{number: max(int(p.place("page", 1, mostOffset/rowsShown)), 1), rows: rowsShown}
}

// ask is the page for the service: one row more than is shown.
func (g paging) ask() noren.Page {
	return noren.Page{Limit: g.rows + 1, Offset: (g.number - 1) * g.rows}
}

// shownOf removes the additional row; more reports whether there is a next page.
func shownOf[T any](g paging, found []T) (shown []T, more bool) {
	if len(found) > g.rows {
		return found[:g.rows], g.number < mostOffset/g.rows
	}
	return found, false
}

// memberTable is the content of the list, with the parameters that select it.
type memberTable struct {
	asked     url.Values // the known parameters of the address that are set
	list      members.List
	catalogue stock.Catalogue
	paging    paging
	more      bool
	total     int // of all pages; -1: not counted
}

// memberSorts are the orders of the list, by the parameter sort.
func memberSorts() map[string][]noren.Sort {
	return map[string][]noren.Sort{
		"": nil, "code": {{Column: "code"}}, "-code": {{Column: "code", Desc: true}},
		"kana":     {{Column: "last_kana"}, {Column: "first_kana"}},
		"-kana":    {{Column: "last_kana", Desc: true}, {Column: "first_kana", Desc: true}},
		"updated":  {{Column: "updated_at"}},
		"-updated": {{Column: "updated_at", Desc: true}},
	}
}

// memberFilter reads the filter from the address. The catalogue has the ranks and stores that there are to choose from.
func (p *page) memberFilter(c stock.Catalogue) (f noren.MemberFilter, asked url.Values) {
	asked = make(url.Values)
	f.Typed = true
	if f.Keyword = p.query("q"); f.Keyword != "" {
		asked.Set("q", f.Keyword)
	}
	if status := p.chosen("status", p.T("member.status"), p.statusFilter()); status != "" {
		f.Statuses = []noren.Status{noren.Status(status)}
		asked.Set("status", status)
	}
	if id := p.chosenID("rank", p.T("member.rank_id"), p.rankFilter(c)); id != 0 {
		f.RankIDs = []int64{id}
		asked.Set("rank", number(id))
	}
	if id := p.chosenID("store", p.T("member.store_id"), p.storeFilter(c)); id != 0 {
		f.StoreIDs = []int64{id}
		asked.Set("store", number(id))
	}
	if day, ok := p.dayOf("since"); ok {
		f.Created.From = day
		asked.Set("since", p.query("since"))
	}
	if name := p.query("sort"); name != "" {
		order, known := memberSorts()[name]
		if !known {
			p.cannotUse("sort", p.T("address.place"))
		}
		f.Sort = order
		asked.Set("sort", name)
	}
	return f, asked
}

// scanned is the only member that a search has found, or the only one of them that has it as a code: whoever scans a card or
// types a whole number wants this member's page, not a list.
func scanned(keyword string, table memberTable) (id int64, ok bool) {
	found := table.list.Items
	if len(found) == 1 && table.paging.number == 1 {
		return found[0].ID, true
	}
	keyword = norm.NFKC.String(keyword)
	for _, m := range found {
		for _, code := range []string{m.Code, or(m.AliasCode), or(m.CustomerNo)} {
			if code != "" && strings.EqualFold(code, keyword) {
				if ok {
					return 0, false // the code of one is the number of another
				}
				id, ok = m.ID, true
				break
			}
		}
	}
	return id, ok
}

// members lists the matching members. The search box and the filters request only the table.
func (d *Console) members(ctx context.Context, p *page) (web.Answer, error) {
	catalogue, err := d.Rooms.Stock.Catalogue(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	f, asked := p.memberFilter(catalogue)
	table := memberTable{asked: asked, catalogue: catalogue, paging: p.paging()}
	f.Page = table.paging.ask()
	counted, err := d.Rooms.Members.Counts(ctx, p.caller(), f)
	if err != nil {
		return web.Answer{}, err
	}
	f.NoTotal = !counted
	if table.list, err = d.Rooms.Members.List(ctx, p.caller(), f); err != nil {
		return web.Answer{}, err
	}
	table.list.Items, table.more = shownOf(table.paging, table.list.Items)
	if table.total = -1; counted {
		table.total = table.list.Total
	}
	// The button of the form says open, so that going back to the list does not lead to the member again.
	if f.Keyword != "" && p.query("open") != "" && !p.part() {
		if id, one := scanned(f.Keyword, table); one {
			return p.redirect(memberPath(id, "")), nil
		}
	}
	if p.part() {
		return p.show(ctx, memberRows(p, table))
	}
	return p.show(ctx, membersView(p, table))
}

// with is the address of the list with one parameter changed; "" removes it.
func (t memberTable) with(path, name, value string) string {
	asked := url.Values{}
	maps.Copy(asked, t.asked)
	asked.Set(name, value)
	if value == "" {
		asked.Del(name)
	}
	if len(asked) == 0 {
		return path
	}
	return path + "?" + asked.Encode()
}

// sortedBy is the address of the list sorted by a column, or in the reverse order if it already is.
func (t memberTable) sortedBy(name string) string {
	if t.asked.Get("sort") == name {
		name = "-" + name
	}
	return t.with("/members", "sort", name)
}

// order is the order of a column, as a value of aria-sort.
func (t memberTable) order(name string) string {
	switch t.asked.Get("sort") {
	case name:
		return "ascending"
	case "-" + name:
		return "descending"
	}
	return "none"
}

// rankName is the name of the rank; "" if the member has none.
func rankName(ranks []noren.Rank, id *int64) string {
	for _, r := range ranks {
		if id != nil && r.ID == *id {
			return r.Name
		}
	}
	return ""
}

// rankCode is the code of the rank with the id; "" if it has none.
func rankCode(ranks []noren.Rank, id *int64) string {
	for _, r := range ranks {
		if id != nil && r.ID == *id {
			return r.Code
		}
	}
	return ""
}

// withCode is the name of a rank with the code by which Smaregi names it, if it has one.
func withCode(name, code string) string {
	if code == "" {
		return name
	}
	return name + " (" + code + ")"
}

// storeName is the name of the member's store, or its ID if the user may not see the store.
func (p *page) storeName(c stock.Catalogue, id *int64) string {
	if id == nil {
		return p.T("value.all_stores")
	}
	for _, s := range c.Stores {
		if s.ID == *id {
			return s.Name
		}
	}
	return strconv.FormatInt(*id, 10)
}

// pointsOf is the total of a member's points of all types.
func pointsOf(balances []noren.PointBalance) (total int64) {
	for _, b := range balances {
		total += b.Total
	}
	return total
}

// memberPath is the path of a member's page.
func memberPath(id int64, below string) string {
	return "/members/" + strconv.FormatInt(id, 10) + below
}

// nameOf is the heading of a member: the name, or the company, or the code.
func nameOf(m noren.Member) string {
	for _, name := range []string{strings.TrimSpace(or(m.LastName) + " " + or(m.FirstName)), or(m.Company)} {
		if name != "" {
			return name
		}
	}
	return m.Code
}

// kanaOf is the kana of a member's name.
func kanaOf(m noren.Member) string {
	return strings.TrimSpace(or(m.LastKana) + " " + or(m.FirstKana))
}

// userStore is the name of the store that a user is restricted to.
func (p *page) userStore(c stock.Catalogue, id *int64) string {
	if id == nil {
		return p.T("value.all")
	}
	return p.storeName(c, id)
}

// or is the text, or "" for nil.
func or[T ~string](text *T) string {
	if text == nil {
		return ""
	}
	return string(*text)
}

// seeMember reads the member of the path with what it refers to. The error is NotFound if the user may not see it.
func (d *Console) seeMember(ctx context.Context, p *page) (m memberSeen, err error) {
	id, err := p.id("id")
	if err != nil {
		return m, err
	}
	if m.list, err = d.Rooms.Members.Get(ctx, p.caller(), id); err != nil {
		return m, err
	}
	m.Member = m.list.Items[0]
	m.catalogue, err = d.Rooms.Stock.Catalogue(ctx, p.caller())
	return m, err
}

// memberSeen is a member with what all of its pages show.
type memberSeen struct {
	noren.Member
	list      members.List
	catalogue stock.Catalogue
}

// balances are the member's points by type.
func (m memberSeen) balances() []noren.PointBalance { return m.list.Points[m.ID] }

// attachments are the member's files, newest first.
func (m memberSeen) attachments() []noren.Attachment {
	list := slices.Clone(m.list.Attachments[m.ID])
	slices.Reverse(list)
	return list
}

// photo is the member's newest photo; nil if there is none.
func (m memberSeen) photo() *noren.Attachment {
	for _, a := range m.attachments() {
		if a.Tag == noren.PhotoFile {
			return &a
		}
	}
	return nil
}

// staffRankName is the name of the member's staff rank.
func (m memberSeen) staffRankName() string {
	for _, r := range m.catalogue.StaffRanks {
		if m.StaffRankID != nil && r.ID == *m.StaffRankID {
			return r.Name
		}
	}
	return ""
}

// memberView is the content of a member's first page.
type memberView struct {
	memberSeen
	waiting points.Waiting
	tier    ranks.Tier
	notes   members.NoteList
	file    func(a noren.Attachment, view bool) string // the path of an attachment's temporary address
	note    string                                     // a note that was refused, as typed
	adjustment
}

// notesShown is the number of notes on the page. Few members have more; the API lists all.
const notesShown = 200

// member is the page of a member.
func (d *Console) member(ctx context.Context, p *page) (web.Answer, error) {
	v, err := d.viewMember(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, memberPage(p, v))
}

// viewMember reads the content of a member's first page.
func (d *Console) viewMember(ctx context.Context, p *page) (v memberView, err error) {
	if v.memberSeen, err = d.seeMember(ctx, p); err != nil {
		return v, err
	}
	v.adjustment = adjustment{mode: string(points.Add), kind: string(noren.DefaultPoint)}
	if v.tier, err = d.Rooms.Ranks.Tier(ctx, p.caller(), noren.MemberKey{ID: v.ID}); err != nil {
		return v, err
	}
	if v.waiting, err = d.Rooms.Points.Waiting(ctx, p.caller(), v.ID); err != nil {
		return v, err
	}
	newest := noren.NoteFilter{MemberID: v.ID, Page: noren.Page{Limit: notesShown}}
	if v.notes, err = d.Rooms.Members.Notes(ctx, p.caller(), newest); err != nil {
		return v, err
	}
	slices.Reverse(v.notes.Notes)
	v.file, err = d.FilePaths(ctx, p.caller().Tenant)
	return v, err
}

// again shows the first page of a member again, with the problems of a form; change fills in what was typed.
func (d *Console) again(ctx context.Context, p *page, change func(*memberView)) (web.Answer, error) {
	v, err := d.viewMember(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	change(&v)
	return p.render(ctx, http.StatusUnprocessableEntity, memberPage(p, v))
}

// addNote adds a note to a member.
func (d *Console) addNote(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	text := p.field("note")
	if _, err := d.Rooms.Members.Get(ctx, p.caller(), id); err != nil {
		return web.Answer{}, err
	}
	if text == "" {
		p.wrong("note", p.T("reason.required"))
	} else if _, _, err := d.Rooms.Members.AddNote(ctx, p.caller(), noren.Note{MemberID: id, Text: text}, p.once()); err == nil {
		return p.done("done.added", memberPath(id, "")), nil
	} else if !p.refused(err, nil) {
		return web.Answer{}, err
	}
	return d.again(ctx, p, func(v *memberView) { v.note = text })
}

// deleteNote deletes a note. Deleting a note that is already gone is not an error: two people may do it at once.
func (d *Console) deleteNote(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	note, err := p.id("note")
	if err != nil {
		return web.Answer{}, err
	}
	if _, err := d.Rooms.Members.DeleteNote(ctx, p.caller(), id, note, nil); err != nil {
		return web.Answer{}, err
	}
	return p.done("done.deleted", memberPath(id, "")), nil
}
