package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"noren"
	"noren/web"
)

// memberRoutes are the list of members and the page of each.
func (d *Console) memberRoutes() []route {
	upload := post("/members/{id}/attachments", noren.Clerk, d.attach)
	upload.stream, upload.bodyLimit = true, maxUpload
	return []route{
		get("/members", noren.Viewer, d.members).named("members.title"),
		get("/members/export", noren.Clerk, d.exportMembers),
		get("/members/{id}", noren.Viewer, d.member),
		get("/members/{id}/edit", noren.Clerk, d.editMember),
		post("/members/{id}/edit", noren.Clerk, d.saveMember),
		get("/members/{id}/points", noren.Viewer, d.memberPoints),
		post("/members/{id}/points", noren.Clerk, d.adjustPoints),
		get("/members/{id}/spend", noren.Viewer, d.memberSpend),
		get("/members/{id}/history", noren.Viewer, d.memberHistory),
		post("/members/{id}/notes", noren.Clerk, d.addNote),
		post("/members/{id}/notes/{note}/delete", noren.Clerk, d.deleteNote),
		upload,
		post("/members/{id}/attachments/{attachment}/delete", noren.Clerk, d.deleteAttachment),
	}
}

// rowsShown is how many rows one page of a list has, and mostOffset how far one can leaf: whoever looks for something
// beyond that should say more of what it is.
const (
	rowsShown  = 50
	mostOffset = 10_000
)

// paging is one page of a list that is read without counting it: there is a next page if one row more was found.
type paging struct{ number, rows int }

// paging reads the number of the page, from 1.
func (p *page) paging() paging {
	n, err := strconv.Atoi(p.query("page"))
	if err != nil || n < 1 {
		n = 1
	}
	return paging{number: min(n, mostOffset/rowsShown), rows: rowsShown}
}

// ask is what the service is asked for.
func (g paging) ask() noren.Page {
	return noren.Page{Limit: g.rows + 1, Offset: (g.number - 1) * g.rows}
}

// shownOf cuts what was asked for to what is shown; more says whether there is a next page.
func shownOf[T any](g paging, found []T) (shown []T, more bool) {
	if len(found) > g.rows {
		return found[:g.rows], g.number < mostOffset/g.rows
	}
	return found, false
}

// memberTable is what the list shows, and how it was asked for.
type memberTable struct {
	asked     url.Values // of the address, only what is known and set
	list      noren.MemberList
	catalogue noren.Catalogue
	paging    paging
	more      bool
}

// memberSorts are the orders of the list.
func memberSorts() map[string][]noren.Sort {
	return map[string][]noren.Sort{
		"": nil, "code": {{Column: "code"}}, "-code": {{Column: "code", Desc: true}},
		"kana":     {{Column: "last_kana"}, {Column: "first_kana"}},
		"-kana":    {{Column: "last_kana", Desc: true}, {Column: "first_kana", Desc: true}},
		"updated":  {{Column: "updated_at"}},
		"-updated": {{Column: "updated_at", Desc: true}},
	}
}

// memberFilter reads what is asked for. What is not known counts as not asked for, as in a link that is out of date.
func (p *page) memberFilter() (f noren.MemberFilter, asked url.Values) {
	asked = make(url.Values)
	if f.Keyword = p.query("q"); f.Keyword != "" {
		asked.Set("q", f.Keyword)
	}
	if status := noren.Status(p.query("status")); slices.Contains(noren.Statuses(), status) {
		f.Statuses = []noren.Status{status}
		asked.Set("status", string(status))
	}
	for name, ids := range map[string]*[]int64{"rank": &f.RankIDs, "store": &f.StoreIDs} {
		if id, err := strconv.ParseInt(p.query(name), 10, 64); err == nil {
			*ids = []int64{id}
			asked.Set(name, strconv.FormatInt(id, 10))
		}
	}
	if order, known := memberSorts()[p.query("sort")]; known && order != nil {
		f.Sort = order
		asked.Set("sort", p.query("sort"))
	}
	f.NoTotal = true
	return f, asked
}

// members lists the members that match. The search box and the filters ask for the table alone.
func (d *Console) members(ctx context.Context, p *page) (web.Answer, error) {
	f, asked := p.memberFilter()
	table := memberTable{asked: asked, paging: p.paging()}
	f.Page = table.paging.ask()
	var err error
	if table.list, err = d.Service.Members(ctx, p.caller(), f); err != nil {
		return web.Answer{}, err
	}
	table.list.Items, table.more = shownOf(table.paging, table.list.Items)
	if table.catalogue, err = d.Service.Catalogue(ctx, p.caller()); err != nil {
		return web.Answer{}, err
	}
	if p.part() {
		return p.show(ctx, memberRows(p, table))
	}
	return p.show(ctx, membersView(p, table))
}

// with is the address of the list with one thing asked for in another way; "" asks for it no more.
func (t memberTable) with(path, name, value string) string {
	asked := url.Values{}
	for key, values := range t.asked {
		asked[key] = values
	}
	asked.Set(name, value)
	if value == "" {
		asked.Del(name)
	}
	if len(asked) == 0 {
		return path
	}
	return path + "?" + asked.Encode()
}

// sortedBy is the address of the list in the order of a column; the other way round where it has that order.
func (t memberTable) sortedBy(name string) string {
	if t.asked.Get("sort") == name {
		name = "-" + name
	}
	return t.with("/members", "sort", name)
}

// order is how the column is sorted, in the words of aria-sort.
func (t memberTable) order(name string) string {
	switch t.asked.Get("sort") {
	case name:
		return "ascending"
	case "-" + name:
		return "descending"
	}
	return "none"
}

// rankName is the name of a rank of the list; "" where the member has none.
func rankName(ranks []noren.Rank, id *int64) string {
	for _, r := range ranks {
		if id != nil && r.ID == *id {
			return r.Name
		}
	}
	return ""
}

// storeName is the name of the member's store. A store that the catalogue does not show is told by its number.
func (p *page) storeName(c noren.Catalogue, id *int64) string {
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

// pointsOf is what a member has of all types.
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

// nameOf is how a member is called: the name, or the company, or the code.
func nameOf(m noren.Member) string {
	for _, name := range []string{strings.TrimSpace(or(m.LastName) + " " + or(m.FirstName)), or(m.Company)} {
		if name != "" {
			return name
		}
	}
	return m.Code
}

// kanaOf is the reading of a member's name.
func kanaOf(m noren.Member) string {
	return strings.TrimSpace(or(m.LastKana) + " " + or(m.FirstKana))
}

// storeNumber names the store that somebody is bound to.
func (p *page) storeNumber(id *int64) string {
	if id == nil {
		return p.T("value.all")
	}
	return strconv.FormatInt(*id, 10)
}

// or is the text, or "" where there is none.
func or[T ~string](text *T) string {
	if text == nil {
		return ""
	}
	return string(*text)
}

// seeMember answers the member with all that is known of it, and what it refers to.
func (d *Console) seeMember(ctx context.Context, p *page) (m memberSeen, err error) {
	id, err := p.id("id")
	if err != nil {
		return m, err
	}
	if m.list, err = d.Service.Member(ctx, p.caller(), id); err != nil {
		return m, err
	}
	m.Member = m.list.Items[0]
	m.catalogue, err = d.Service.Catalogue(ctx, p.caller())
	return m, err
}

// memberSeen is a member as its pages show it.
type memberSeen struct {
	noren.Member
	list      noren.MemberList
	catalogue noren.Catalogue
}

// balances are those of the member.
func (m memberSeen) balances() []noren.PointBalance { return m.list.Points[m.ID] }

// attachments are those of the member, newest first.
func (m memberSeen) attachments() []noren.Attachment {
	list := slices.Clone(m.list.Attachments[m.ID])
	slices.Reverse(list)
	return list
}

// photo is the newest photo of the member; nil where there is none.
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

// memberView is what the first page of a member shows besides the member.
type memberView struct {
	memberSeen
	tier  noren.Tier
	notes noren.NoteList
	file  func(fileKey string) string // the path of an attachment's temporary address
	note  string                      // what was typed as a note and not taken
	adjustment
}

// notesShown is how many notes the page of a member shows; the API lists them all.
const notesShown = 200

// member is the page of a member.
func (d *Console) member(ctx context.Context, p *page) (web.Answer, error) {
	v, err := d.viewMember(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, memberPage(p, v))
}

// viewMember reads the page of a member.
func (d *Console) viewMember(ctx context.Context, p *page) (v memberView, err error) {
	if v.memberSeen, err = d.seeMember(ctx, p); err != nil {
		return v, err
	}
	v.adjustment = adjustment{mode: string(noren.AddPoints), kind: string(noren.DefaultPoint)}
	if v.tier, err = d.Service.Tier(ctx, p.caller(), noren.MemberKey{ID: v.ID}); err != nil {
		return v, err
	}
	if v.notes, err = d.Service.Notes(ctx, p.caller(), noren.NoteFilter{MemberID: v.ID, Page: noren.Page{Limit: notesShown}}); err != nil {
		return v, err
	}
	slices.Reverse(v.notes.Notes)
	v.file, err = d.Files.FilePaths(ctx, p.caller().Tenant)
	return v, err
}

// again shows the page of a member with what could not be done.
func (d *Console) again(ctx context.Context, p *page, change func(*memberView)) (web.Answer, error) {
	v, err := d.viewMember(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	change(&v)
	return p.render(ctx, http.StatusUnprocessableEntity, memberPage(p, v))
}

// addNote writes a note about a member.
func (d *Console) addNote(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	text := p.field("note")
	if _, err := d.Service.Member(ctx, p.caller(), id); err != nil {
		return web.Answer{}, err
	}
	if text == "" {
		p.wrong("note", p.T("reason.required"))
	} else if _, _, err := d.Service.AddNote(ctx, p.caller(), noren.Note{MemberID: id, Text: text}, p.once()); err == nil {
		return p.done("done.added", memberPath(id, "")), nil
	} else if !p.refused(err, nil) {
		return web.Answer{}, err
	}
	return d.again(ctx, p, func(v *memberView) { v.note = text })
}

// deleteNote deletes a note about a member. One that is gone already has been deleted twice, which is no error.
func (d *Console) deleteNote(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	note, err := p.id("note")
	if err != nil {
		return web.Answer{}, err
	}
	if _, err := d.Service.DeleteNote(ctx, p.caller(), id, note, nil); err != nil {
		return web.Answer{}, err
	}
	return p.done("done.deleted", memberPath(id, "")), nil
}
