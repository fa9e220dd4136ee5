package easypoints

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"noren"
	"noren/app/shop"
)

// balanceOf shows point_balance and expires_at.
func (b *bundle) balanceOf(customer string) string {
	b.Helper()
	var body struct{ Data map[string]any }
	if err := json.Unmarshal([]byte(b.get(onePath+customer)), &body); err != nil {
		b.Fatal(err)
	}
	return fmt.Sprint(body.Data["point_balance"], " ", body.Data["expires_at"])
}

// The balance is the total of the points from all dialects, and expires at the end of the day in the shop's zone.
func TestBalanceIsTheLedgers(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *shop.Shop) { s.Tenant.Timezone = noren.Set("Asia/Tokyo") })
	if got := b.balanceOf(seedCustomer); got != "0 <nil>" {
		t.Errorf("at first: %s", got)
	}
	grant := func(kind, expires string) {
		t.Helper()
		body := `{"amount":10,"mode":"ADD","note":"x","type":"` + kind + `","expires_on":` + expires + `,"query":{"ids":[1]}}`
		if a := b.recore("PUT", "/members/point", body); a.Status != 200 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	grant("PAID", "null")
	grant("DEFAULT", `"2022-12-15"`)
	if got := b.balanceOf(seedCustomer); got != "20 2022-12-15T14:59:59.000000Z" {
		t.Errorf("after two grants: %s", got)
	}
	b.post(onePath+seedCustomer+"/set_balances", `{"balance":25}`)
	if got := b.balanceOf(seedCustomer); got != "25 2022-12-15T14:59:59.000000Z" {
		t.Errorf("after the balance was set: %s", got)
	}
	b.Clock.Advance(8 * time.Hour) // it is the 16th in Tokyo
	if got := b.balanceOf(seedCustomer); got != "15 2023-03-15T14:59:59.000000Z" {
		t.Errorf("on the next day: %s", got)
	}
	b.Verify()
}

// If points never expire, there is no delay.
func TestBalanceThatNeverExpires(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *shop.Shop) { s.Tenant.Points = noren.Set(noren.DefaultPoints()) })
	b.post(onePath+otherCustomer+"/set_balance", `{"balance":5}`)
	b.Want(request{Method: "GET", Path: onePath + otherCustomer, As: "a"}, 200,
		`{"data":{"expiration_delay":0,"expires_at":null,"id":"123","point_balance":5}}`)
}

func TestSetBalanceRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *shop.Shop) { s.Members[1].Email = noren.Set("HANAKO@example.com") })
	for _, tt := range []struct {
		id, body string
		status   int
		want     string
	}{
		{"123", `{}`, 422, wrong([2]string{"/balance", "Missing field: balance"})},
		{"123", `{"balance":null}`, 422, wrong([2]string{"/balance", "null value where integer expected"})},
		{"123", `{"balance":"5"}`, 422, wrong([2]string{"/balance", "Invalid integer. Got: string"})},
		{"123", `{"balance":5.5}`, 422, wrong([2]string{"/balance", "Invalid integer. Got: number"})},
		{"123", `{"balance":-1}`, 422, wrong([2]string{"/balance", "-1 is smaller than inclusive minimum 0"})},
		{"123", `{"balance":1000000000}`, 422, wrong([2]string{"/balance", "1000000000 is larger than inclusive maximum 999999999"})},
		{"123", `{"balance":-99999999999999999999}`, 422, wrong([2]string{"/balance", "-99999999999999999999 is smaller than inclusive minimum 0"})},
		{"124", `{"balance":5}`, 404, `{"errors":["There is no such customer"],"status":404,"title":"Not Found"}`},
		{"nobody%40example.com", `{"balance":5}`, 404, `{"errors":["There is no such customer"],"status":404,"title":"Not Found"}`},
		{"hanako%40example.com", `{"balance":5}`, 422, wrong([2]string{"/shopify_customer_id", "More than one customer has this e-mail address"})},
	} {
		b.Want(request{Method: "POST", Path: onePath + tt.id + "/set_balance", As: "a", Body: tt.body}, tt.status, tt.want)
	}
	b.Want(request{Method: "POST", Path: "/api/shopify/point_allotments", As: "a", Body: `{"customer_id":"hanako@example.com","point_value":1}`},
		422, wrong([2]string{"/customer_id", "More than one customer has this e-mail address"}))
	if got := b.get("/api/shopify/point_allotments"); got != `{"data":[]}` {
		t.Errorf("points were moved: %s", got)
	}
}

func TestPointsSwitchedOff(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *shop.Shop) { s.Tenant.Points = noren.Set(noren.PointSettings{}) })
	off := wrong([2]string{"", "Points are switched off for this shop"})
	b.Want(request{Method: "POST", Path: onePath + "123/set_balance", As: "a", Body: `{"balance":5}`}, 422, off)
	b.Want(request{Method: "POST", Path: "/api/shopify/point_allotments", As: "a", Body: `{"customer_id":123,"point_value":5}`}, 422, off)
	if got := b.balanceOf("123"); got != "0 <nil>" {
		t.Error(got)
	}
}

// However many set the balance at once, one of their balances remains, and the allotments add up to it.
func TestConcurrentBalances(t *testing.T) {
	t.Parallel()
	b := setup(t)
	wanted := []string{"0 <nil>", "5 2023-03-15T23:59:59.000000Z", "300 2023-03-15T23:59:59.000000Z"}
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			balance, _, _ := strings.Cut(wanted[i%len(wanted)], " ")
			b.post(onePath+otherCustomer+"/set_balance", `{"balance":`+balance+`}`)
		})
	}
	all.Wait()
	got := b.balanceOf(otherCustomer)
	if !slices.Contains(wanted, got) {
		t.Errorf("the balance is %s", got)
	}
	var sum int64
	for _, row := range b.allotments("") {
		sum += int64(row["point_value"].(float64))
	}
	if !strings.HasPrefix(got, fmt.Sprint(sum, " ")) {
		t.Errorf("the allotments add up to %d, the balance is %s", sum, got)
	}
	b.Verify()
}

// allotments are the rows of GET …/point_allotments.
func (b *bundle) allotments(query string) []map[string]any {
	b.Helper()
	var body struct{ Data []map[string]any }
	if err := json.Unmarshal([]byte(b.get("/api/shopify/point_allotments?"+query)), &body); err != nil {
		b.Fatal(err)
	}
	return body.Data
}

func TestAllotmentFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, points := range []string{"1", "2", "4", "-3"} {
		b.post("/api/shopify/point_allotments", `{"customer_id":"hanako@example.com","point_value":`+points+`}`)
		b.Clock.Advance(time.Second)
	}
	if a := b.recore("PUT", "/members/point", `{"amount":8,"mode":"ADD","note":"x","expires_on":"2022-12-15","query":{"ids":[2]}}`); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	b.Clock.Advance(24 * time.Hour)
	tenant, err := b.Rooms.Access.TenantByContract(t.Context(), shopA)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Rooms.Points.Expire(t.Context(), tenant, "2022-12-16", false); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"": "1 2 4 -3 8 -8", "direction=asc": "1 2 4 -3 8 -8", "direction=DESC&per_page=2": "-8 8", "direction=Desc&page=2&per_page=4": "2 1",
		"page=4&per_page=2": "", "type=api": "1 2 4 -3 8", "type=manual": "", "type=expiration": "-8", "type=fulfillment": "", "type=": "",
		"before=2022-12-15T07:00:36Z": "1", "before=2022-12-15T07:00:36.000001": "1 2", "after=2022-12-15T07:00:36&before=2022-12-15": "",
		"after=2022-12-15T16:00:36%2B09:00": "4 -3 8 -8", "after=2022-12-16": "-8", "after=2022-12-15%2007:00:38": "8 -8",
		"after=2022-12-15T16:00:36%2B0900": "4 -3 8 -8", "after=2022-12-15T16:00:36+0900": "4 -3 8 -8", "after=2022-12-15T16:00:36+09:00": "4 -3 8 -8",
		"type=api&_=1": "1 2 4 -3 8", "before=2022-12-15": "",
	} {
		var got []string
		for _, row := range b.allotments(query) {
			got = append(got, fmt.Sprint(row["point_value"]))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", query, got, want)
		}
	}
	for query, pointer := range map[string]string{
		"type=api&type2=x": "/type2", "customer_id=1": "/customer_id", "limit=1": "/limit",
		"page=": "/page", "page=x": "/page", "page=1.5": "/page", "page=99999999999999999999": "/page", "per_page=0": "/per_page", "per_page=251": "/per_page",
		"direction=": "/direction", "before=": "/before", "after=2022-12-32": "/after", "after=2022-12-15T16:00:36+": "/after", "after=12:00": "/after", "page=1&page=2": "/page", "%zz": "/query",
	} {
		a := b.Do(request{Method: "GET", Path: "/api/shopify/point_allotments?" + query, As: "a"})
		if a.Status != 422 || !strings.Contains(a.Body, `"pointer":"`+pointer+`"`) {
			t.Errorf("%s: %d %s", query, a.Status, a.Body)
		}
	}
}
