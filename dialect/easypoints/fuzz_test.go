package easypoints

import (
	"net/http"
	"testing"
	"unicode/utf8"

	"noren"
	"noren/web"
	"noren/wire"
)

// refusedWell checks that an error is a refusal that a client can read.
func refusedWell(t *testing.T, err error) {
	t.Helper()
	a := New(Rooms{}, "").Refuse(&web.Request{}, err)
	if noren.KindOf(err) != noren.Invalid || a.Status != http.StatusBadRequest && a.Status != http.StatusUnprocessableEntity {
		t.Errorf("%v: %d", err, a.Status)
	}
	if _, bad := wire.Parse(a.Body); bad != nil || !utf8.Valid(a.Body) {
		t.Errorf("%s: %v", a.Body, bad)
	}
}

func FuzzDecodeTier(f *testing.F) {
	for _, body := range []string{
		`{"tier":"silver"}`, `{"tier":"gold","minimum_tier":"silver","skip_next_check":true}`, `{"tier":3,"minimum_tier":null}`,
		`{"tier":1e400,"skip_next_check":0}`, `{"tier":-99999999999999999999}`, `[]`, `{`, "\xff",
	} {
		f.Add([]byte(body))
	}
	table := New(Rooms{}, "").tables.tier
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := readTier(body, table)
		if err != nil {
			refusedWell(t, err)
			return
		}
		p := r.patch(1)
		for _, ref := range []noren.Field[noren.Ref]{p.Rank, p.MinimumRank} {
			if v, set := ref.Value(); set && (v.ID != 0 || v.Position < 0 || v.Position > maxPosition || !wire.Storable(v.Name)) {
				t.Errorf("%+v", v)
			}
		}
		if p.Rank.IsNull() || p.SkipNextCheck.IsNull() || !p.Rank.Given() && !p.MinimumRank.Given() && !p.SkipNextCheck.Given() {
			t.Errorf("%+v", r)
		}
	})
}

func FuzzDecodeBalanceAndAllotment(f *testing.F) {
	for _, body := range []string{
		`{"balance":800}`, `{"balance":-1}`, `{"customer_id":"123","point_value":-5}`, `{"customer_id":"a@example.com","point_value":0}`,
		`{"customer_id":6757085806881,"point_value":1}`, `{"customer_id":"gid://shopify/Customer/1","point_value":1}`,
	} {
		f.Add([]byte(body))
	}
	tables := New(Rooms{}, "").tables
	f.Fuzz(func(t *testing.T, body []byte) {
		var r balanceRequest
		if err := readObject(body, tables.balance, &r); err != nil {
			refusedWell(t, err)
		} else if r.balance < 0 || r.balance > noren.MaxPoints {
			t.Errorf("%+v", r)
		}
		key, points, err := readAllotment(body, tables.allotment)
		if err != nil {
			refusedWell(t, err)
		} else if points == 0 || max(points, -points) > noren.MaxPoints || (key.Email == "") == (key.ShopifyCustomerID == "") {
			t.Errorf("%+v %d", key, points)
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, query := range []string{
		"type=api&per_page=250&page=1&direction=desc", "before=2000-01-01T00:00:00.000000&after=2000-01-01", "page=%zz", "page=99999999999999999999",
		"after=0000-00-00T00:00:00Z", "before=9999-12-31T23:59:59%2B14:00",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		got, err := readQuery(query)
		if err != nil {
			refusedWell(t, err)
			return
		}
		if got.Limit < 1 || got.Limit > maxPerPage || got.Offset < 0 {
			t.Errorf("%+v", got)
		}
	})
}

func FuzzBasicCredentials(f *testing.F) {
	f.Add("YXBwOnNlY3JldA==")
	f.Add("")
	f.Fuzz(func(t *testing.T, encoded string) {
		if public, secret, ok := basicCredentials(encoded); ok && (!wire.Storable(public) || basic(public, secret) == "Basic ") {
			t.Errorf("%q: %q %q", encoded, public, secret)
		}
	})
}
