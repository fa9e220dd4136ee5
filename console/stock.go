package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"noren"
	"noren/app/stock"
	"noren/web"
)

// stockRoutes are the table of stock and the page of each level, which is a product in a store.
func (d *Console) stockRoutes() []route {
	return []route{
		get("/stock", noren.Viewer, d.stock).named("stock.title").asks("q", "store", "from"),
		get("/stock/{product}/{store}", noren.Viewer, d.stockLevel).asks("days", "from"),
		post("/stock/{product}/{store}", noren.Clerk, d.setStock).on("/stock/{product}/{store}"),
	}
}

// A page of the table has as many products as fit into mostCells, but at least fewestProducts and at most mostProducts:
// a chain of a hundred stores has wide rows.
const (
	mostCells      = 600
	mostProducts   = 50
	fewestProducts = 20
)

// stockView is the content of the table's page.
type stockView struct {
	keyword string
	store   int64 // the only store shown; 0: as many as there is room for
	table   stock.Table
	stores  []noren.Store // the choices of the filter
	stretch stretch
}

// stock shows products by stores. While the user types, the search box requests only the table.
func (d *Console) stock(ctx context.Context, p *page) (web.Answer, error) {
	v := stockView{keyword: p.query("q")}
	var err error
	if v.stores, err = d.storesToChoose(ctx, p); err != nil {
		return web.Answer{}, err
	}
	v.store = p.chosenID("store", p.T("stock.store"), p.storeChoices(v.stores))
	columns := min(len(v.stores), stock.MaxStores)
	if v.store != 0 || columns == 0 {
		columns = 1
	}
	v.stretch = p.stretch(min(max(mostCells/columns, fewestProducts), mostProducts))
	v.table, err = d.Rooms.Stock.Table(ctx, p.caller(), stock.Query{
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
	list, err := d.Rooms.Stock.StoresWithStock(ctx, p.caller())
	return list.Items, err
}

// storeChoices are the choices of a filter: all stores, or one.
func (p *page) storeChoices(stores []noren.Store) []choice {
	list := []choice{{"", p.T("stock.all_stores")}}
	for _, s := range stores {
		list = append(list, choice{number(s.ID), s.Name})
	}
	return list
}

// positive parses a number; 0 if text is not a number or is negative.
func positive(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// wholeOr is the number in the form of an address; "" for 0, which leaves the parameter out.
func wholeOr(n int64) string {
	if n == 0 {
		return ""
	}
	return number(n)
}

// stretch is the position of a page in a counted list.
type stretch struct {
	size, offset, total int
}

// farthest is the largest offset that is read. No shop has as many products, and skipping costs time.
const farthest = 1_000_000

// stretch is the position given in the address, with pages of that size.
func (p *page) stretch(size int) stretch {
	return stretch{size: size, offset: int(p.place("from", 0, farthest))}
}

// to is the number of the last entry shown, from 1.
func (g stretch) to() int { return min(g.offset+g.size, g.total) }

// with is the address of this page with changed parameters, given as pairs of name and value; an empty value removes the
// parameter.
func (p *page) with(pairs ...string) templ.SafeURL {
	values := url.Values{}
	for name, list := range p.asked {
		if len(list) > 0 && list[0] != "" {
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

// levelView is the content of the page of a level.
type levelView struct {
	history stock.History
	key     noren.StockKey
	days    int64
	span    noren.Span
	stretch stretch
	amount  string // as typed
	memo    string
}

// levelSpans are the periods that the page of a level offers, in days.
func levelSpans() []int64 { return []int64{7, 30, 90, 365} }

// levelMovements is the number of movements on a page.
const levelMovements = 50

// stockLevel shows a level with its chart and movements, and the form to set it.
func (d *Console) stockLevel(ctx context.Context, p *page) (web.Answer, error) {
	v, err := d.levelView(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, levelPage(p, v))
}

// levelView reads the content of the page of a level.
func (d *Console) levelView(ctx context.Context, p *page) (v levelView, err error) {
	if v.key, err = p.stockKey(); err != nil {
		return v, err
	}
	// Only the offered periods are accepted, so that an address cannot ask for decades of movements.
	var spans []choice
	for _, days := range levelSpans() {
		spans = append(spans, choice{number(days), p.T("stock.days", number(days))})
	}
	v.days = cmp.Or(p.chosenID("days", p.T("stock.span"), spans), 30)
	v.stretch = p.stretch(levelMovements)
	v.span = d.Rooms.Stock.LastDays(p.caller().Tenant, int(v.days))
	v.history, err = d.Rooms.Stock.History(ctx, p.caller(), v.key, v.span, noren.Page{Limit: v.stretch.size, Offset: v.stretch.offset})
	v.stretch.total = v.history.Movements.Total
	return v, err
}

// stockKey is the level named in the path.
func (p *page) stockKey() (key noren.StockKey, err error) {
	if key.ProductID, err = p.id("product"); err != nil {
		return key, err
	}
	key.StoreID, err = p.id("store")
	return key, err
}

// setStock sets a level to a counted quantity.
func (d *Console) setStock(ctx context.Context, p *page) (web.Answer, error) {
	key, err := p.stockKey()
	if err != nil {
		return web.Answer{}, err
	}
	amount, unreadable := wholeNumber(p.field("amount"))
	if unreadable != nil {
		p.wrong("amount", p.misread(unreadable, p.T("reason.not_a_number")))
	}
	change := noren.StockChange{StockKey: key, Amount: amount}
	if was := p.field("was_amount"); was != "" {
		n, wrong := strconv.ParseInt(was, 10, 64)
		if wrong != nil { // no page of ours has sent it
			p.wrong("amount", p.T("reason.not_a_number"))
		}
		change.Seen = noren.Set(n)
	} else if p.form.Has("was_amount") {
		change.Seen = noren.Null[int64]()
	}
	if memo := p.field("memo"); memo != "" {
		change.Memo = &memo
	}
	overtaken, readable := false, len(p.problems) == 0
	asking := readable && amount < 0 && !p.sure("negative "+number(amount), p.T("stock.negative", p.number(amount)))
	if readable && !asking {
		moved, kept, err := d.Rooms.Stock.Set(ctx, p.caller(), change, p.once())
		if err == nil {
			done := notice{Key: "done.stock", Args: []string{p.number(moved.AmountAfter - moved.Delta), p.number(moved.AmountAfter)}}
			if kept != nil || moved.ID == 0 { // sent twice: what it was before is in the history
				done = notice{Key: "done.saved"}
			}
			return p.noticed(done, fmt.Sprintf("/stock/%d/%d", key.ProductID, key.StoreID)), nil
		}
		if overtaken = levelOvertaken(err); !overtaken && !p.refusedLong(err, "memo", noren.MaxStockMemo) {
			return web.Answer{}, err
		}
	}
	v, err := d.levelView(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	if overtaken {
		last, err := d.Rooms.Stock.LastChange(ctx, p.caller(), key)
		if err != nil {
			return web.Answer{}, err
		}
		p.wrong("amount", p.changedBy(last, p.levelNow(v)))
	}
	v.amount, v.memo = p.field("amount"), p.field("memo")
	return p.showAgain(ctx, levelPage(p, v))
}

// levelOvertaken reports whether the level was not set because somebody else has changed it.
func levelOvertaken(err error) bool {
	return len(changedMeanwhile(err, func(e *noren.Error) string { return e.Field })) > 0
}

// levelNow is the current quantity of the level, or that none is recorded.
func (p *page) levelNow(v levelView) string {
	if v.history.Level == nil {
		return p.T("stock.not_moved")
	}
	return p.number(v.history.Level.Amount)
}

// was is the quantity that the form shows and sends back; "" if there is no level yet. It lets the service refuse a form
// that is based on an outdated quantity.
func (v levelView) was() string {
	if v.history.Level == nil {
		return ""
	}
	return number(v.history.Level.Amount)
}

// signed formats a change with its sign.
func (p *page) signed(n int64) string {
	if n > 0 {
		return "+" + p.number(n)
	}
	return p.number(n)
}

// moved names who made a movement; "" where only the audit log tells it.
func (p *page) moved(m noren.StockMovement, clients map[int64]string) string {
	if m.Dialect == "" {
		return ""
	}
	return p.author(noren.AuditEntry{ClientID: m.ClientID, Login: m.Login, Dialect: m.Dialect}, clients)
}

// division is the name of a movement's division, or the code itself if it is unknown.
func (p *page) division(code string) string {
	key := "division." + code
	if _, known := p.console.words[key]; !known {
		return code
	}
	return p.T(key)
}

// refusedLong is refused for a form with a text field whose limit should be in the message.
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
