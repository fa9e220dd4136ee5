package smaregi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"noren"
	"noren/app/bulk"
	"noren/web"
	"noren/wire"
)

// refusedWell checks that an error is a refusal that a client can read.
func refusedWell(t *testing.T, d *Dialect, err error) {
	t.Helper()
	if noren.KindOf(err) != noren.Invalid {
		t.Errorf("%v is no refusal", err)
	}
	a := d.Refuse(&web.Request{}, err)
	if _, bad := wire.Parse(a.Body); bad != nil || a.Status != http.StatusBadRequest {
		t.Errorf("%d %s: %v", a.Status, a.Body, bad)
	}
}

// decode is what the two bulk endpoints do before they call the service.
func decode[P any](d *Dialect, body []byte, w rowWords, table wire.Table[P]) ([]P, error) {
	_, rows, err := d.readBulk(body, w)
	if err != nil {
		return nil, err
	}
	return decodeRows(rows, table, w)
}

func FuzzDecodeCustomers(f *testing.F) {
	f.Add([]byte(seedCustomerExample("ア")))
	f.Add([]byte(customers(`{"customerId":1,"rank":null,"storeId":null}`, `{"customerId":2,"rank":"x","storeId":5}`)))
	f.Add([]byte(customers(`{"customerId":"1","sex":[],"birthDate":"2026-02-30"}`)))
	f.Add([]byte(`{"customers":[1],"callbackUrl":"http://a"}`))
	d := New(Rooms{}, "")
	f.Fuzz(func(t *testing.T, body []byte) {
		patches, err := decode(d, body, customerWords(), d.customers)
		if err != nil {
			refusedWell(t, d, err)
			return
		}
		if len(patches) == 0 || len(patches) > bulk.MaxRows {
			t.Errorf("%d rows", len(patches))
		}
		for _, p := range patches {
			if note, _ := p.Note.Value(); p.ID < 1 || p.ID > maxCustomerID || !wire.Storable(note) || utf8.RuneCountInString(note) > maxNote {
				t.Errorf("%+v", p)
			}
		}
	})
}

func FuzzDecodeStock(f *testing.F) {
	f.Add([]byte(stocks(`{"productId":"1","storeId":"1","stockAmount":"-5","stockHistory":{"memo":"x"}}`)))
	f.Add([]byte(stocks(`{"productId":1,"storeId":1,"stockAmount":5,"stockHistory":null}`)))
	f.Add([]byte(stocks(`{"productId":1e9,"storeId":"x","stockAmount":99999999999999999999}`)))
	d := New(Rooms{}, "")
	f.Fuzz(func(t *testing.T, body []byte) {
		changes, err := decode(d, body, stockWords(), d.stock)
		if err != nil {
			refusedWell(t, d, err)
			return
		}
		for _, c := range changes {
			if c.ProductID < 1 || c.StoreID < 1 || c.Amount > noren.MaxStockAmount || c.Amount < -noren.MaxStockAmount {
				t.Errorf("%+v", c)
			}
		}
	})
}

func FuzzDecodeToken(f *testing.F) {
	f.Add([]byte("grant_type=client_credentials&client_id=a&client_secret=b&scope=x+y"), "")
	f.Add([]byte("grant_type=client_credentials"), "Basic YTpi")
	f.Add([]byte("a=%zz"), "Basic !!")
	f.Fuzz(func(t *testing.T, body []byte, authorization string) {
		token, bad := decodeToken(body, authorization)
		if bad == nil {
			if token.grant != "client_credentials" {
				t.Errorf("%+v", token)
			}
			return
		}
		if a := bad.answer(); a.Status != http.StatusBadRequest {
			t.Errorf("%d %s", a.Status, a.Body)
		} else if _, problem := wire.Parse(a.Body); problem != nil {
			t.Errorf("%s: %v", a.Body, problem)
		}
	})
}

func FuzzListQuery(f *testing.F) {
	for _, query := range []string{
		"limit=5&page=2&sort=customerId:desc,updDateTime&fields=a,b", "customer_id-from=1&customer_code=%00",
		"upd_date_time-from=2026-01-01T00:00:00+09:00&upd_date_time-to=2026-01-05T00:00:00Z", "limit=%", "page=99999999999999999999",
	} {
		f.Add(query)
	}
	d := New(Rooms{}, "")
	l := d.lists.customers
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest(http.MethodGet, "/customers", nil)
		r.URL.RawQuery = query
		x := &web.Request{HTTP: r, BaseURL: "http://h"}
		a, err := l.read(x)
		if err != nil {
			refusedWell(t, d, err)
			return
		}
		if a.page.Limit < 1 || a.page.Limit > maxLimit || a.page.Offset < 0 || !wire.Storable(a.filter.Code) {
			t.Errorf("%+v", a)
		}
		link := l.answer(x, a, nil, 5000).Header.Get("Link")
		if strings.ContainsAny(link, "\r\n\x00") || !strings.Contains(link, `rel="first"`) {
			t.Errorf("%q", link)
		}
	})
}
