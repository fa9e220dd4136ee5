package console

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"noren"
	"noren/web"
)

// stockRoutes are the table of stock and the page of each level.
func (d *Console) stockRoutes() []route {
	return []route{
		get("/stock", noren.Viewer, d.stock).named("stock.title"),
		get("/stock/{product}/{store}", noren.Viewer, d.stockLevel),
		post("/stock/{product}/{store}", noren.Clerk, d.setStock),
	}
}

// A page of the table has so many products that its cells stay within mostCells, but no fewer than fewestProducts.
const (
	mostCells      = 600
	mostProducts   = 50
	fewestProducts = 20
)

// stockView is what the table shows.
type stockView struct {
	keyword string
	store   int64 // the only one that is shown; 0: as many as there is room for
	table   noren.StockTable
	stores  []noren.Store // to choose from
	stretch stretch
}

// stock shows products by stores. The search box asks for the table alone as one types.
func (d *Console) stock(ctx context.Context, p *page) (web.Answer, error) {
	v := stockView{keyword: p.query("q"), store: p.whole("store")}
	var err error
	if v.stores, err = d.storesToChoose(ctx, p); err != nil {
		return web.Answer{}, err
	}
	columns := min(len(v.stores), noren.MaxStockStores)
	if v.store != 0 || columns == 0 {
		columns = 1
	}
	v.stretch = p.stretch(min(max(mostCells/columns, fewestProducts), mostProducts))
	v.table, err = d.Service.StockTable(ctx, p.caller(), noren.StockQuery{
		Keyword: v.keyword, StoreID: v.store, Page: noren.Page{Limit: v.stretch.size, Offset: v.stretch.offset},
	})
	if err != nil {
		return web.Answer{}, err
	}
	v.stretch.total = v.table.Products.Total
	if p.part() {
		return p.show(ctx, stockTable(p, v))
	}
	return p.show(ctx, stockPage(p, v))
}

// storesToChoose are the stores whose stock the user may see.
func (d *Console) storesToChoose(ctx context.Context, p *page) ([]noren.Store, error) {
	var f noren.CatalogueFilter
	if own := p.caller().Client.StoreID; own != nil {
		f.IDs = []int64{*own}
	}
	list, err := d.Service.Stores(ctx, p.caller(), f)
	return list.Items, err
}

// storeChoices offers all stores, or one.
func (p *page) storeChoices(stores []noren.Store) []choice {
	list := []choice{{"", p.T("stock.all_stores")}}
	for _, s := range stores {
		list = append(list, choice{number(s.ID), s.Name})
	}
	return list
}

// whole is a parameter that is a positive number; 0 where it is none.
func (p *page) whole(name string) int64 {
	return positive(p.query(name))
}

// positive is the number that a text is; 0 where it is none, or a negative one.
func positive(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// wholeOr is the number as an address has it; "" for 0.
func wholeOr(n int64) string {
	if n == 0 {
		return ""
	}
	return number(n)
}

// stretch is where in a list a page is.
type stretch struct {
	size, offset, total int
}

// farthest bounds the offset that a page may ask for.
const farthest = 1_000_000

// stretch is the place that the address asks for, in pages of that size.
func (p *page) stretch(size int) stretch {
	return stretch{size: size, offset: int(min(p.whole("from"), farthest))}
}

// to is the number of the last entry that is shown.
func (g stretch) to() int { return min(g.offset+g.size, g.total) }

// with is the address of this page with other parameters: pairs of name and value; an empty value is left out.
func (p *page) with(pairs ...string) templ.SafeURL {
	values := url.Values{}
	for name, list := range p.x.HTTP.URL.Query() {
		if name != "done" && len(list) > 0 && list[0] != "" {
			values.Set(name, list[0])
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Del(pairs[i])
		if pairs[i+1] != "" {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	own := strings.TrimPrefix(p.x.HTTP.URL.EscapedPath(), prefix)
	if len(values) > 0 {
		own += "?" + values.Encode()
	}
	return p.link(own)
}

// stockLink is the page of a level.
func (p *page) stockLink(key noren.StockKey) templ.SafeURL {
	return p.link(fmt.Sprintf("/stock/%d/%d", key.ProductID, key.StoreID))
}

// levelView is what the page of a level shows.
type levelView struct {
	history noren.StockHistory
	key     noren.StockKey
	days    int64
	span    noren.Span
	stretch stretch
	amount  string // as it was typed
	memo    string
}

// The spans that the page of a level offers, in days.
func levelSpans() []int64 { return []int64{7, 30, 90, 365} }

// levelMovements is how many movements one page of them has.
const levelMovements = 50

// stockLevel shows one level, how it came to be, and the form to set it.
func (d *Console) stockLevel(ctx context.Context, p *page) (web.Answer, error) {
	v, err := d.levelView(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, levelPage(p, v))
}

func (d *Console) levelView(ctx context.Context, p *page) (v levelView, err error) {
	if v.key, err = p.stockKey(); err != nil {
		return v, err
	}
	v.days = 30
	for _, days := range levelSpans() {
		if p.whole("days") == days {
			v.days = days
		}
	}
	v.stretch = p.stretch(levelMovements)
	v.span = d.Service.LastDays(p.caller().Tenant, int(v.days))
	v.history, err = d.Service.StockHistory(ctx, p.caller(), v.key, v.span, noren.Page{Limit: v.stretch.size, Offset: v.stretch.offset})
	v.stretch.total = v.history.Movements.Total
	return v, err
}

// stockKey is the level that the path names.
func (p *page) stockKey() (key noren.StockKey, err error) {
	if key.ProductID, err = p.id("product"); err != nil {
		return key, err
	}
	key.StoreID, err = p.id("store")
	return key, err
}

// setStock sets a level to what somebody has counted.
func (d *Console) setStock(ctx context.Context, p *page) (web.Answer, error) {
	key, err := p.stockKey()
	if err != nil {
		return web.Answer{}, err
	}
	amount, err := strconv.ParseInt(strings.NewReplacer(",", "", "，", "").Replace(p.field("amount")), 10, 64)
	if err != nil {
		p.wrong("amount", p.T("reason.not_a_number"))
	}
	change := noren.StockChange{StockKey: key, Amount: amount}
	if memo := p.field("memo"); memo != "" {
		change.Memo = &memo
	}
	if err == nil {
		if _, _, err = d.Service.SetStock(ctx, p.caller(), change, p.once()); err == nil {
			return p.done("done.saved", fmt.Sprintf("/stock/%d/%d", key.ProductID, key.StoreID)), nil
		}
		if !p.refusedLong(err, "memo", noren.MaxStockMemo) {
			return web.Answer{}, err
		}
	}
	v, err := d.levelView(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	v.amount, v.memo = p.field("amount"), p.field("memo")
	return p.showAgain(ctx, levelPage(p, v))
}

// signed writes a change with its sign.
func (p *page) signed(n int64) string {
	if n > 0 {
		return "+" + p.number(n)
	}
	return p.number(n)
}

// division names a reason code.
func (p *page) division(code string) string {
	key := "division." + code
	if _, known := p.console.words[key]; !known {
		return code
	}
	return p.T(key)
}

// refusedLong is refused for a form with a field of text, whose limit belongs into the sentence that complains of it.
func (p *page) refusedLong(err error, field string, most int) bool {
	if list, ok := errors.AsType[noren.Refusals](err); ok {
		for _, e := range list {
			if e.Field == field && e.Reason == noren.ReasonTooLong {
				p.wrong(field, p.T("reason.too_long", most))
			}
		}
	}
	return p.refused(err, nil)
}
