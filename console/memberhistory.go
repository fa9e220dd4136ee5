package console

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

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
func (p *page) changes(m memberSeen, e members.Event) []change {
	if e.Points != nil {
		after := strings.TrimSpace(p.signed(e.Points.Delta) + " " + p.pointReason(*e.Points))
		return []change{{column: p.T("history.points", p.pointTitle(e.Points.Type), p.T("points.kind."+string(e.Points.Kind))), after: after}}
	}
	var columns map[string][2]any
	if err := json.Unmarshal(e.Changes, &columns); err != nil {
		return []change{{column: string(e.Changes)}}
	}
	var list []change
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		list = append(list, change{p.column("member", name), p.columnValue(m, name, columns[name][0]), p.columnValue(m, name, columns[name][1])})
	}
	return list
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
		case "store_id":
			return p.storeName(m.catalogue, &id)
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
