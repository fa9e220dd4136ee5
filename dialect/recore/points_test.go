package recore

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"noren"
	"noren/app/shop"
)

func pointsBody(fields, query string) string {
	return `{"amount":10,"mode":"ADD","note":"x"` + fields + `,"query":` + query + `}`
}

func TestFieldsOfPoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range []struct{ body, detail string }{
		{`{}`, `"amount":["Amount can't be blank"],"mode":["Mode can't be blank"],"note":["Note can't be blank"],"query":["Query can't be blank"]`},
		{pointsBody(``, `{}`), `"query":["Query can't be blank"]`},
		{pointsBody(``, `{"ids":[],"codes":[]}`), `"query":["Query can't be blank"]`},
		{pointsBody(``, `{"ids":null}`), `"query.ids":["Query ids can't be blank"]`},
		{pointsBody(``, `{"ids":["1"],"codes":[1],"alias_codes":5}`), `"query.ids":["Query ids must be of type array of integers"],` +
			`"query.codes":["Query codes must be of type array of strings"],"query.alias_codes":["Query alias codes must be of type array of strings"]`},
		{pointsBody(``, `[1]`), `"query":["Query must be of type object"]`},
		{pointsBody(``, `{"ids":[1,9,8],"codes":["x"],"alias_codes":["y"]}`), `"query.ids":["Query ids 9 does not exist","Query ids 8 does not exist"],` +
			`"query.codes":["Query codes x does not exist"],"query.alias_codes":["Query alias codes y does not exist"]`},
		{
			`{"amount":0,"mode":"SET","note":"","type":"FREE","expires_on":"tomorrow","staff_id":"1","query":{"ids":[1]}}`,
			`"staff_id":["Staff id is not a number, written without quotes"],"amount":["Amount must be greater than or equal to 1"],"mode":["SET is not included in the list: ADD, SUB"],` +
				`"type":["FREE is not included in the list: DEFAULT, PAID"],"expires_on":["Expires on must be a valid date, written as 2026-11-22"],"note":["Note can't be blank"]`,
		},
		{pointsBody(`,"staff_id":9`, `{"ids":[1]}`), `"staff_id":["Staff id does not exist"]`},
		{pointsBody(`,"expires_on":"2026-11-21"`, `{"ids":[1]}`), `"expires_on":["Expires on must be no earlier than today"]`},
		{`{"amount":1000000000,"mode":"ADD","note":"x","query":{"ids":[1]}}`, `"amount":["Amount must be less than or equal to 999999999"]`},
		{`{"amount":1,"mode":"SUB","note":"x","query":{"ids":[1]}}`, `"amount":["Amount is more than the points of the member 1"]`},
	} {
		b.Want(request{Method: "PUT", Path: "/members/point", As: "a", Body: tt.body}, 400, failed("{"+tt.detail+"}"))
	}
	if body := b.get("/members"); strings.Contains(body, `"DEFAULT"`) {
		t.Errorf("points were granted: %s", body)
	}
}

// Granted points are shown by type with what expires next. They can be used until the end of the day of expiry in
// Japan.
func TestPointsAreShown(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *shop.Shop) {
		settings := noren.DefaultPoints()
		settings.ExpiresAfterMonths = 12
		s.Tenant.Points = noren.Set(settings)
	})
	for _, body := range []string{
		pointsBody(``, `{"ids":[1,1],"codes":["AM001"]}`), pointsBody(`,"type":null,"expires_on":"2026-11-22"`, `{"ids":[1]}`),
		pointsBody(`,"type":"PAID","expires_on":"2026-11-22"`, `{"ids":[1]}`), pointsBody(`,"type":"PAID","expires_on":null`, `{"ids":[1]}`),
	} {
		b.Want(request{Method: "PUT", Path: "/members/point", As: "a", Body: body}, http.StatusOK, "")
	}
	want := `"point":{"total":40,"expires_amount":20,"expires_at":1795359599,"details":[` +
		`{"type":"DEFAULT","title":"通常P","total":20,"expires_amount":10,"expires_at":1795359599},` +
		`{"type":"PAID","title":"有償P","total":20,"expires_amount":10,"expires_at":1795359599}]}`
	if body := b.get("/members/1"); !strings.Contains(body, want) {
		t.Errorf("%s", body)
	}
	b.Clock.Advance(24 * 60 * 60 * 1e9)
	want = `"point":{"total":20,"expires_amount":10,"expires_at":1826895599,"details":[`
	if body := b.get("/members/1"); !strings.Contains(body, want) {
		t.Errorf("a day later: %s", body)
	}
}

// Two hundred requests at once leave the balance that they add up to, and never one below zero.
func TestConcurrentPoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put("/members/point", pointsBody(``, `{"ids":[1]}`))
	var wait sync.WaitGroup
	var mu sync.Mutex
	balance := 10
	for i := range 200 {
		wait.Go(func() {
			mode, change := "ADD", 7
			if i%2 == 1 {
				mode, change = "SUB", -9
			}
			body := fmt.Sprintf(`{"amount":%d,"mode":%q,"note":"x","query":{"ids":[1]}}`, max(change, -change), mode)
			a := b.Do(request{Method: "PUT", Path: "/members/point", As: "a", Body: body})
			switch {
			case a.Status == http.StatusOK:
				mu.Lock()
				defer mu.Unlock()
				balance += change
			case a.Status != 400 || change > 0:
				b.Errorf("%s: %d %s", body, a.Status, a.Body)
			}
		})
	}
	wait.Wait()
	if body := b.get("/members/1"); balance < 0 || !strings.Contains(body, fmt.Sprintf(`"point":{"total":%d,`, balance)) {
		t.Errorf("want %d points: %s", balance, body)
	}
	b.Verify()
}
