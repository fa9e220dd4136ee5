package console

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"noren"
	"noren/app/bulk"
	"noren/web"
)

// bulkRoutes are the list of bulk updates, the charts of the queue, and the page of each bulk update.
func (d *Console) bulkRoutes() []route {
	return []route{
		get("/bulk", noren.Viewer, d.bulk).named("bulk.title").asks("state", "kind", "client", "delivery", "before"),
		get("/bulk/health", noren.Viewer, d.bulkHealth),
		post("/bulk/send-again", noren.Clerk, d.sendSeveralAgain).on("/bulk"),
		get("/bulk/{id}", noren.Viewer, d.bulkRequest),
		post("/bulk/{id}/send-again", noren.Clerk, d.sendAgain).on("/bulk/{id}"),
	}
}

// bulkShown is the number of bulk updates on a page of the list.
const bulkShown = 50

// bulkView is the content of the list.
type bulkView struct {
	filter noren.BulkFilter
	list   bulk.List
	now    time.Time
}

// bulk lists bulk updates. While one of those shown is about to change, the page polls for the list.
func (d *Console) bulk(ctx context.Context, p *page) (web.Answer, error) {
	v := bulkView{now: d.Rooms.Now(), filter: noren.BulkFilter{
		State:    noren.BulkState(p.chosen("state", p.T("bulk.state"), p.bulkStates())),
		Kind:     noren.BulkKind(p.chosen("kind", p.T("bulk.kind"), p.bulkKinds())),
		Delivery: noren.DeliveryState(p.chosen("delivery", p.T("bulk.callback"), p.deliveryStates())),
		ClientID: positive(p.query("client")), Before: p.before(), Limit: bulkShown,
	}}
	var err error
	if v.list, err = d.Rooms.Bulk.List(ctx, p.caller(), v.filter); err != nil {
		return web.Answer{}, err
	}
	p.chosen("client", p.T("bulk.client"), p.clientChoices(v.list.Clients))
	if p.part() {
		return p.show(ctx, bulkTable(p, v))
	}
	return p.show(ctx, bulkPage(p, v))
}

// soon is how near the next attempt must be for a page to poll for it. Retries can be an hour apart, and a page that is
// left open should not ask all that time.
const soon = time.Minute

// moving reports whether one of the bulk updates shown is about to change.
func (v bulkView) moving() bool {
	return slices.ContainsFunc(v.list.Items, func(s noren.BulkSummary) bool {
		return s.Request.State == noren.BulkAccepted || s.NextAt != nil && s.NextAt.Sub(v.now) < soon
	})
}

// bulkStates, bulkKinds and deliveryStates are the choices of the list's filters.
func (p *page) bulkStates() []choice {
	return p.wordChoices("bulk.state.", []string{string(noren.BulkAccepted), string(noren.BulkSucceeded), string(noren.BulkFailed)})
}

func (p *page) bulkKinds() []choice {
	return p.wordChoices("bulk.kind.", []string{string(noren.BulkMembers), string(noren.BulkStock)})
}

func (p *page) deliveryStates() []choice {
	return p.wordChoices("bulk.delivery.", []string{
		string(noren.CallbackPending), string(noren.CallbackDelivered), string(noren.CallbackGivenUp),
	})
}

// clientChoices are the choices of a filter: all clients, or one.
func (p *page) clientChoices(names map[int64]string) []choice {
	list := []choice{{"", p.T("bulk.all_clients")}}
	for _, id := range slices.Sorted(maps.Keys(names)) {
		list = append(list, choice{number(id), names[id]})
	}
	return list
}

// ago formats how long ago an instant was, in one unit.
func (p *page) ago(now, then time.Time) string { return p.T("time.ago", p.took(now.Sub(then))) }

// took formats a duration in one unit, as precisely as people read it. Clocks of several nodes may differ, so a negative
// duration counts as none.
func (p *page) took(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Second:
		return p.T("time.ms", number(d.Milliseconds()))
	case d < 10*time.Second:
		return p.T("time.s", strconv.FormatFloat(d.Seconds(), 'f', 1, 64))
	case d < time.Minute:
		return p.T("time.s", number(int64(d.Seconds())))
	case d < time.Hour:
		return p.T("time.min", number(int64(d.Minutes())))
	case d < 48*time.Hour:
		return p.T("time.h", number(int64(d.Hours())))
	default:
		return p.T("time.d", number(int64(d.Hours()/24)))
	}
}

// exactly formats an instant to the second, in the tenant's zone.
func (p *page) exactly(t time.Time) string { return t.In(p.zone()).Format("2006-01-02 15:04:05") }

// sizeOf is the number of rows of a bulk update, or a dash if a version stored it that did not count rows.
func (p *page) sizeOf(s noren.BulkSummary) string {
	if s.Size == 0 {
		return "–"
	}
	return p.number(int64(s.Size))
}

// nameFrom is the name with the ID, or the ID itself if there is none, as for a record that was removed.
func nameFrom(names map[int64]string, id int64) string {
	return cmp.Or(names[id], "#"+number(id))
}

// requestView is the content of the page of one bulk update.
type requestView struct {
	status bulk.Status
	rows   []requestRow
	now    time.Time
}

// requestRow is a row of a bulk update.
type requestRow struct {
	number  int
	subject string // the member, or the product and store
	link    string // the page of the subject, below /console; "" if there is none
	says    []said
	wrong   []string // why it failed, in sentences
}

// said is one value in a row.
type said struct{ name, value string }

// bulkRequest shows one bulk update: its rows, its result, and every delivery attempt of its callback.
func (d *Console) bulkRequest(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	v := requestView{now: d.Rooms.Now()}
	if v.status, err = d.Rooms.Bulk.Status(ctx, p.caller(), id); err != nil {
		return web.Answer{}, err
	}
	if v.rows, err = d.requestRows(ctx, p, v.status.Request); err != nil {
		return web.Answer{}, err
	}
	if p.part() {
		return p.show(ctx, requestPart(p, v))
	}
	return p.show(ctx, requestPage(p, v))
}

// moving reports whether the bulk update is about to change.
func (v requestView) moving() bool {
	c := v.status.Callback
	return v.status.Request.State == noren.BulkAccepted || c != nil && c.State == noren.CallbackPending && c.NextAt.Sub(v.now) < soon
}

// requestRows formats the rows of a bulk update, with the reasons of those that failed.
func (d *Console) requestRows(ctx context.Context, p *page, r noren.BulkRequest) ([]requestRow, error) {
	about := make([]noren.AuditEntry, len(r.Rows.Members))
	for i, m := range r.Rows.Members {
		about[i] = noren.AuditEntry{Subject: "member", SubjectID: number(m.ID)}
	}
	var err error
	if p.names, err = d.auditNames(ctx, p, about); err != nil {
		return nil, err
	}
	var rows []requestRow
	for i, m := range r.Rows.Members {
		row := requestRow{number: i + 1, subject: p.subjectName(about[i]), link: "/members/" + number(m.ID), says: p.patched(m)}
		if p.names.members[m.ID] == "" {
			row.subject = p.T("bulk.member", number(m.ID)) // there is no such member
		}
		rows = append(rows, row)
	}
	names, err := d.stockNames(ctx, p, r.Rows.Stock)
	if err != nil {
		return nil, err
	}
	for i, c := range r.Rows.Stock {
		row := requestRow{
			number: i + 1, subject: names(c.StockKey), link: fmt.Sprintf("/stock/%d/%d", c.ProductID, c.StoreID),
			says: []said{{p.T("stock.amount"), p.number(c.Amount)}},
		}
		if c.Memo != nil {
			row.says = append(row.says, said{p.T("stock.memo"), *c.Memo})
		}
		rows = append(rows, row)
	}
	// A row without a subject that exists gets no link, which would only lead to a 404.
	for _, f := range r.Failures {
		if i := f.Row - 1; i >= 0 && i < len(rows) {
			rows[i].wrong = append(rows[i].wrong, p.failure(f.Reason))
			storeUnknown := f.Reason == noren.ReasonStoreUnknown && r.Kind == noren.BulkStock
			if f.Reason == noren.ReasonMemberUnknown || f.Reason == noren.ReasonProductUnknown || storeUnknown {
				rows[i].link = ""
			}
		}
	}
	return rows, nil
}

// failure is the sentence for the reason of a failure.
func (p *page) failure(reason noren.Reason) string {
	key := "failure." + string(reason)
	if _, known := p.console.words[key]; !known {
		return string(reason)
	}
	return p.T(key)
}

// stockNames reads the names of the products and stores in the rows, in two reads whatever the number of rows.
func (d *Console) stockNames(ctx context.Context, p *page, rows []noren.StockChange) (func(noren.StockKey) string, error) {
	products, stores := make(map[int64]string), make(map[int64]string)
	if len(rows) > 0 {
		var productIDs, storeIDs []int64
		for _, c := range rows {
			productIDs, storeIDs = append(productIDs, c.ProductID), append(storeIDs, c.StoreID)
		}
		found, err := d.Rooms.Stock.Products(ctx, p.caller(), noren.CatalogueFilter{IDs: productIDs})
		if err != nil {
			return nil, err
		}
		for _, product := range found.Items {
			products[product.ID] = product.Name
		}
		places, err := d.Rooms.Stock.Stores(ctx, p.caller(), noren.CatalogueFilter{IDs: storeIDs})
		if err != nil {
			return nil, err
		}
		for _, store := range places.Items {
			stores[store.ID] = store.Name
		}
	}
	return func(key noren.StockKey) string {
		return p.T("stock.level_title", nameFrom(products, key.ProductID), nameFrom(stores, key.StoreID))
	}, nil
}

// patched lists the columns that a patch sets. It goes through the JSON of the patch, which has exactly the given
// columns, so a new column needs no code here.
func (p *page) patched(m noren.MemberPatch) []said {
	data, err := json.Marshal(m)
	if err != nil {
		return nil
	}
	var columns map[string]any
	if err := json.Unmarshal(data, &columns); err != nil {
		return nil
	}
	// The ID is the subject of the row, and the view is not a column.
	delete(columns, "id")
	delete(columns, "view")
	list := make([]said, 0, len(columns))
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		value := p.spell("member", name, columns[name])
		if columns[name] != nil {
			value = p.conceal(name, value)
		}
		list = append(list, said{p.column("member", name), value})
	}
	return list
}

// sendAgain resends the callback of one bulk update.
func (d *Console) sendAgain(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	n, kept, err := d.Rooms.Bulk.SendAgain(ctx, p.caller(), []int64{id}, p.once())
	switch {
	case err != nil:
		return web.Answer{}, err
	case n == 0 && kept == nil:
		return p.warned("done.nothing_owed", "/bulk/"+number(id)), nil
	}
	return p.done("done.sent_again", "/bulk/"+number(id)), nil
}

// sendSeveralAgain resends the callbacks of the selected bulk updates. An ID that is not a number comes from no form of
// ours and is ignored.
func (d *Console) sendSeveralAgain(ctx context.Context, p *page) (web.Answer, error) {
	var ids []int64
	for _, text := range p.form["id"] {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return p.warned("done.nothing_ticked", "/bulk"), nil
	}
	if _, _, err := d.Rooms.Bulk.SendAgain(ctx, p.caller(), ids, p.once()); err != nil {
		return web.Answer{}, err
	}
	return p.done("done.sent_again", "/bulk"), nil
}

// bulkHealth shows charts of the queue and the deliveries.
func (d *Console) bulkHealth(ctx context.Context, p *page) (web.Answer, error) {
	health, err := d.Rooms.Bulk.Health(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, healthPage(p, health, d.Rooms.Now()))
}
