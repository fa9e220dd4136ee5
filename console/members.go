package console

import (
	"context"
	"strconv"

	"noren"
	"noren/web"
)

// memberRoutes are the list of members and the page of each.
func (d *Console) memberRoutes() []route {
	return []route{
		get("/members", noren.Viewer, d.members).named("members.title"),
	}
}

// membersShown is how many members one page of the list has.
const membersShown = 50

// memberTable is what the list shows.
type memberTable struct {
	keyword string
	list    noren.MemberList
}

// members lists the members that a keyword finds. The search box asks for the table alone as one types.
func (d *Console) members(ctx context.Context, p *page) (web.Answer, error) {
	table := memberTable{keyword: p.query("q")}
	var err error
	table.list, err = d.Service.Members(ctx, p.caller(), noren.MemberFilter{
		Keyword: table.keyword, NoTotal: true, Page: noren.Page{Limit: membersShown},
	})
	if err != nil {
		return web.Answer{}, err
	}
	if p.part() {
		return p.show(ctx, memberRows(p, table))
	}
	return p.show(ctx, membersView(p, table))
}

// storeNumber names the store that somebody is bound to.
func (p *page) storeNumber(id *int64) string {
	if id == nil {
		return p.T("value.all")
	}
	return strconv.FormatInt(*id, 10)
}

// or is the text, or "" where there is none.
func or(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
