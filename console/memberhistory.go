package console

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"noren"
	"noren/app/members"
	"noren/web"
)

// historyView is the content of a member's change history.
type historyView struct {
	memberSeen
	history members.History
	paging  paging
	more    bool
}

// memberHistory shows who changed what about a member, newest first.
func (d *Console) memberHistory(ctx context.Context, p *page) (web.Answer, error) {
	m, err := d.seeMember(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	v := historyView{memberSeen: m, paging: p.paging()}
	if v.history, err = d.Rooms.Members.History(ctx, p.caller(), m.ID, v.paging.ask()); err != nil {
		return web.Answer{}, err
	}
	v.history.Events, v.more = shownOf(v.paging, v.history.Events)
	return p.show(ctx, memberHistoryPage(p, v))
}

// change is one column before and after, formatted for people.
type change struct{ column, before, after string }

// changes formats the columns of an entry of the audit log, or a movement of points. The entry of a new member has only the columns
// that were set.
func (p *page) changes(v historyView, e members.Event) []change {
	if e.Points != nil {
		after := strings.TrimSpace(p.signed(e.Points.Delta) + " " + p.pointReason(*e.Points))
		return []change{{column: p.T("history.points", p.pointTitle(e.Points.Type), p.T("points.kind."+string(e.Points.Kind))), after: after}}
	}
	var columns map[string][2]any
	if err := json.Unmarshal(e.Changes, &columns); err != nil {
		return []change{{column: string(e.Changes)}}
	}
	var list []change
	for _, name := range inOrder(columns) {
		c := change{column: p.column("member", name)}
		c.before, c.after = p.happened(v, name, columns[name][0]), p.happened(v, name, columns[name][1])
		list = append(list, c)
	}
	return list
}

// inOrder are the columns of an entry in the order of the member's form; others follow by their names.
func inOrder(columns map[string][2]any) []string {
	place := func(name string) int {
		i := slices.IndexFunc(noren.MemberColumns(), func(c noren.MemberColumn) bool { return c.Name == name })
		return cmp.Or(i+1, len(noren.MemberColumns())+1)
	}
	return slices.SortedFunc(maps.Keys(columns), func(a, b string) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), strings.Compare(a, b))
	})
}

// happened formats a value in the history: a note by how it begins and a file by its name, as long as they exist.
func (p *page) happened(v historyView, column string, value any) string {
	name, isText := value.(string)
	gone := map[string]string{"notes": "history.note_gone", "attachments": "history.file_gone"}[column]
	if !isText || gone == "" {
		return p.columnValue(v.memberSeen, column, value)
	}
	shown := p.T(gone)
	if n, there := v.history.Notes[name]; there {
		shown = shortened(n.Text)
	}
	if a, there := v.history.Files[name]; there {
		shown = attachmentName(a)
	}
	if !p.caller().MaySee(column) {
		return hidden
	}
	return shown
}

// eventAuthor names who made an event of the history.
func (p *page) eventAuthor(h members.History, e members.Event) string {
	if e.Points != nil {
		return p.pointAuthor(*e.Points, h.Staff, h.Clients)
	}
	return p.authorFor(noteBy(h, e), h.Staff, e.AuditEntry, h.Clients)
}

// noteBy is the member of staff who wrote the note that an event is about; nil if it is about none, or no staff has.
func noteBy(h members.History, e members.Event) *int64 {
	var changed struct{ Notes [2]string }
	_ = json.Unmarshal(e.Changes, &changed) // other columns have other shapes
	return h.Notes[changed.Notes[1]].StaffID
}

// hidden is shown in the place of a value that the user may not see.
const hidden = "••••"

// conceal returns what is shown of a value of one of a member's columns: the value itself only to users who may see it. Every
// page that shows a member's columns shows them through this. Notes are shown beside the member, as long as they exist;
// versions that kept their text in the audit log too did so for deleted ones as well.
func (p *page) conceal(column, value string) string {
	switch {
	case value == "":
	case !p.caller().MaySee(column), column == "notes" && !strings.HasPrefix(value, "#"):
		return hidden
	case column == "notes":
		return p.T("history.note", strings.TrimPrefix(value, "#"))
	}
	return value
}

// concealAll is conceal for a text that is made of several columns.
func (p *page) concealAll(value string, columns ...string) string {
	for _, column := range columns {
		value = p.conceal(column, value)
	}
	return value
}

// columnValue formats a value of a column for people: names instead of IDs, and messages instead of the domain's words.
// Names are the current ones; the log has only IDs.
func (p *page) columnValue(m memberSeen, column string, value any) string {
	return p.conceal(column, p.spelled(m, column, value))
}

// spelled is columnValue for a user who may see the column.
func (p *page) spelled(m memberSeen, column string, value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case bool:
		return p.flag(column, v)
	case float64:
		id := int64(v)
		switch column {
		case "rank_id", "minimum_rank_id":
			if name := rankName(m.catalogue.Ranks, &id); name != "" {
				return name
			}
		case "staff_rank_id":
			for _, r := range m.catalogue.StaffRanks {
				if r.ID == id {
					return r.Name
				}
			}
		case "store_id":
			return p.storeName(m.catalogue, &id)
		case "last_visit_at":
			return p.at(time.UnixMicro(id))
		case "point_unit":
			return noren.Hundredths(id).String()
		}
		return strconv.FormatInt(id, 10)
	case string:
		switch {
		case v == "":
		case column == "status", column == "sex":
			return p.T(column + "." + v)
		}
		return v
	}
	return fmt.Sprint(value)
}
