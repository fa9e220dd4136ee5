package recore

import (
	"context"
	"net/http"

	"noren"
	"noren/app/members"
	"noren/dialect"
	"noren/web"
)

// getMembers is GET /members 会員検索.
func (d *Dialect) getMembers(ctx context.Context, x *web.Request) (web.Answer, error) {
	a, err := d.lists.members.read(x)
	if err != nil {
		return web.Answer{}, err
	}
	p, err := d.page(ctx, x)
	if err != nil {
		return web.Answer{}, err
	}
	// This API shows no total, and counting would cost more than the page; attachments are part of every entry.
	f := a.filter
	f.Page, f.WithAttachments, f.NoTotal = a.page, true, true
	// One more than is shown, so that it is known whether there is a next page without counting.
	if a.walking {
		f.IDFrom, f.Page = a.after+1, noren.Page{Limit: a.page.Limit + 1}
	}
	found, err := d.Rooms.Members.List(ctx, x.Caller, f)
	if err != nil {
		return web.Answer{}, err
	}
	items, next := walked(a, p.members(found), p.tenant.Contract, func(m member) int64 { return m.ID })
	return listed(d.view.List(items), next), nil
}

// getMember is GET /members/{member_id} 会員取得.
func (d *Dialect) getMember(ctx context.Context, x *web.Request) (web.Answer, error) {
	id, err := pathID(x, "member_id")
	if err != nil {
		return web.Answer{}, err
	}
	p, err := d.page(ctx, x)
	if err != nil {
		return web.Answer{}, err
	}
	found, err := d.Rooms.Members.Get(ctx, x.Caller, id)
	if err != nil {
		return web.Answer{}, err
	}
	return d.one(p, found), nil
}

// one returns the only member of the list.
func (d *Dialect) one(p *page, found members.List) web.Answer {
	return ok(d.view.Append(nil, p.members(found)[0]))
}

// ok returns a 200 with a JSON body.
func ok(body []byte) web.Answer { return dialect.JSON(http.StatusOK, body) }
