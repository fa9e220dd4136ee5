package crashtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"noren"
	"noren/app"
	"noren/sqlstore"
)

// check reads the database of a stopped installation and compares it with what was promised.
func (l *load) check(t testing.TB) {
	t.Helper()
	if out := string(l.run("verify")); !strings.Contains(out, "invariants hold") {
		t.Errorf("noren verify says\n%s", out)
	}
	engine, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: l.database})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	s := app.New(app.Config{Engine: engine})
	tenants, err := s.Access.Tenants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, tenant := range l.shops(tenants) {
		b := books{t: t, rooms: s, caller: noren.Caller{Tenant: tenant}, orders: l.all(tenant.Contract)}
		b.number()
		b.checkStock()
		b.checkMembers()
		b.report()
	}
}

// shops are those of the tenants that the installation has clients of.
func (in *installation) shops(tenants []noren.Tenant) []noren.Tenant {
	return slices.DeleteFunc(tenants, func(t noren.Tenant) bool {
		return !slices.ContainsFunc(in.clients, func(c client) bool { return c.Tenant == t.Contract })
	})
}

// books compares one shop's orders with what is stored.
type books struct {
	t      testing.TB
	rooms  *app.App
	caller noren.Caller
	orders []*order

	numbers   map[string]int64 // mark → requestId of accepted orders, whether or not the response arrived
	succeeded map[string]bool  // mark → the callback had a result
}

// number finds the ID of each accepted order. IDs count from 1, without gaps, and no order has two. For an order whose
// response was lost, the ID is in the callback or, while that is pending, in the database.
func (b *books) number() {
	b.numbers, b.succeeded = make(map[string]int64), make(map[string]bool)
	marks := make(map[int64]string)
	for _, o := range b.orders {
		told, err := o.told()
		if err != nil {
			b.t.Error(err)
			continue
		}
		accepted := o.status == http.StatusAccepted
		if accepted && o.fate == refused || o.status == http.StatusBadRequest && (o.fate != refused || told != nil) {
			b.t.Errorf("%s got %d and the callbacks %+v: %s", o.mark, o.status, told, o.body(""))
		}
		if !accepted && told == nil {
			continue // refused, or the response was lost: findOwed finds out
		}
		number := o.requestID
		if told != nil {
			number = told.RequestID
			b.succeeded[o.mark] = told.Message == ""
			if (told.Message == "") != (o.fate == succeeds) || o.fate == succeeds && len(told.Result) != len(o.ids) {
				b.t.Errorf("%s was called back with %+v: %s", o.mark, told, o.body(""))
			}
		}
		if o.status == http.StatusAccepted && o.requestID != number {
			b.t.Errorf("%s was accepted as request %d and called back as %d", o.mark, o.requestID, number)
		}
		if other, taken := marks[number]; taken {
			b.t.Errorf("%s and %s are both request %d", o.mark, other, number)
		}
		b.numbers[o.mark], marks[number] = number, o.mark
	}
	b.findOwed(marks)
}

// findOwed goes through the stored requests: each must be one of our orders and applied, with its callback delivered or
// pending.
func (b *books) findOwed(marks map[int64]string) {
	for number := int64(1); ; number++ {
		status, err := b.rooms.Bulk.Status(b.t.Context(), b.caller, number)
		if noren.KindOf(err) == noren.NotFound {
			if int(number-1) != len(b.numbers) {
				b.t.Errorf("%s: %d requests are stored, %d were accepted", b.caller.Tenant.Contract, number-1, len(b.numbers))
			}
			return
		}
		if err != nil {
			b.t.Fatal(err)
		}
		mark := status.Request.CallbackURL[strings.LastIndexByte(status.Request.CallbackURL, '/')+1:]
		if known, ok := marks[number]; ok && known != mark {
			b.t.Errorf("request %d is stored as %s, and told to be %s", number, mark, known)
		}
		if status.Request.State == noren.BulkAccepted || status.Callback == nil {
			b.t.Errorf("%s was accepted and not applied", mark)
			continue
		}
		_, told := marks[number]
		_, called := b.succeeded[mark]
		if !called && status.Callback.State != noren.CallbackPending {
			b.t.Errorf("the callback of %s is %s, and never came", mark, status.Callback.State)
		}
		if !told {
			b.numbers[mark] = number
		}
		b.succeeded[mark] = status.Request.State == noren.BulkSucceeded
	}
}

// checkStock expects one movement for each row of each order that succeeded, in the order of the request IDs, and no
// others.
func (b *books) checkStock() {
	moved := make(map[string]int) // "mark product" → movements
	for product := range int64(products) {
		key := noren.StockKey{ProductID: product + 1, StoreID: 1}
		list, err := b.rooms.Stock.Movements(b.t.Context(), b.caller, noren.MovementFilter{StockKey: key})
		if err != nil {
			b.t.Fatal(err)
		}
		var last int64
		for _, m := range list.Items {
			number, accepted := b.numbers[*m.Memo]
			if !accepted || number <= last {
				b.t.Errorf("%s: product %d was moved by %s, request %d, after request %d",
					b.caller.Tenant.Contract, product+1, *m.Memo, number, last)
			}
			last = number
			moved[fmt.Sprint(*m.Memo, " ", product+1)]++
		}
	}
	for _, o := range b.orders {
		if !o.stock {
			continue
		}
		for _, id := range o.ids {
			want := 0
			if b.succeeded[o.mark] {
				want = 1
			}
			if got := moved[fmt.Sprint(o.mark, " ", id)]; got != want {
				b.t.Errorf("%s (status %d, request %d) moved product %d %d times, want %d",
					o.mark, o.status, b.numbers[o.mark], id, got, want)
			}
		}
	}
}

// checkMembers expects each member to have the mark of the last successful order that named it.
func (b *books) checkMembers() {
	for member := 1; member <= members; member++ {
		var last int64
		want := ""
		for _, o := range b.orders {
			if !o.stock && b.succeeded[o.mark] && slices.Contains(o.ids, member) && b.numbers[o.mark] > last {
				last, want = b.numbers[o.mark], o.mark
			}
		}
		list, err := b.rooms.Members.Get(b.t.Context(), b.caller, int64(member))
		if err != nil {
			b.t.Fatal(err)
		}
		got := ""
		if note := list.Items[0].Note; note != nil {
			got = *note
		}
		if got != want {
			b.t.Errorf("%s: member %d bears %q, want %q", b.caller.Tenant.Contract, member, got, want)
		}
	}
}

// report logs how much the test has covered, so that an empty run is noticed.
func (b *books) report() {
	count := make(map[int]int)
	for _, o := range b.orders {
		count[o.status]++
	}
	if count[http.StatusAccepted] == 0 {
		b.t.Errorf("%s: nothing was accepted", b.caller.Tenant.Contract)
	}
	b.t.Logf("%s: statuses %v (0: the response was lost), %d requests stored", b.caller.Tenant.Contract, count, len(b.numbers))
}
