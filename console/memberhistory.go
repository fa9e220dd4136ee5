package console

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"noren"
	"noren/web"
)

// historyView is who changed what of a member.
type historyView struct {
	memberSeen
	history noren.MemberHistory
	paging  paging
	more    bool
}

// memberHistory shows who changed what.
func (d *Console) memberHistory(ctx context.Context, p *page) (web.Answer, error) {
	m, err := d.seeMember(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	v := historyView{memberSeen: m, paging: p.paging()}
	if v.history, err = d.Service.MemberHistory(ctx, p.caller(), m.ID, v.paging.ask()); err != nil {
		return web.Answer{}, err
	}
	v.history.Entries, v.more = shownOf(v.paging, v.history.Entries)
	return p.show(ctx, memberHistoryPage(p, v))
}

// change is one column before and after, for people.
type change struct{ column, before, after string }

// changes reads what the audit log says. Columns that are not set are left out where a member was new.
func (p *page) changes(m memberSeen, e noren.AuditEntry) []change {
	var columns map[string][2]any
	if err := json.Unmarshal(e.Changes, &columns); err != nil {
		return []change{{column: string(e.Changes)}}
	}
	var list []change
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		list = append(list, change{p.column(name), p.columnValue(m, name, columns[name][0]), p.columnValue(m, name, columns[name][1])})
	}
	return list
}

// hidden stands for what the history keeps from those who may look but not edit.
const hidden = "••••"

// columnValue is what people see of a value of the column: names for ids and for the domain's words.
func (p *page) columnValue(m memberSeen, column string, value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return p.T("value.yes")
		}
		return p.T("value.no")
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
		case column == "pin":
			return hidden
		}
		return v
	}
	return fmt.Sprint(value)
}
