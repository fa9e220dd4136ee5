package recore

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"noren"
	"noren/app/shop"
)

// Every rule of the page's table, at its limit and beyond it.
func TestFieldsOfMembers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	wide := strings.Repeat("あ", 49) + "𠮷"
	line := "U" + strings.Repeat("a1", 16)
	for _, tt := range []struct{ body, detail string }{
		{`{"alias_code":"` + wide + `"}`, ""},
		{`{"alias_code":"` + wide + `x"}`, `"alias_code":["Alias code is too long (maximum is 50 characters)"]`},
		{`{"alias_code":""}`, `"alias_code":["Alias code can't be blank"]`},
		{`{"alias_code":"alias-1A"}`, `"alias_code":["Alias code has already been taken"]`},
		{`{"last_name":"` + wide + `","last_kana":"","first_name":null}`, ""},
		{`{"last_name":5,"first_kana":["x"]}`, `"last_name":["Last name must be of type string"],"first_kana":["First kana must be of type string"]`},
		{`{"postal_code":"1234567"}`, ""},
		{`{"postal_code":"123-45678"}`, `"postal_code":["Postal code is invalid, must have the form: 123-4567"]`},
		{`{"postal_code":"123-4567\n"}`, `"postal_code":["Postal code is invalid, must have the form: 123-4567"]`},
		{`{"prefecture":"` + strings.Repeat("県", 11) + `"}`, `"prefecture":["Prefecture is too long (maximum is 10 characters)"]`},
		{`{"address1":"` + strings.Repeat("長", 3000) + `"}`, ""},
		{`{"occupation":"` + strings.Repeat("x", 21) + `"}`, `"occupation":["Occupation is too long (maximum is 20 characters)"]`},
		{`{"tel":"03-1234-5678"}`, ""},
		{`{"tel":"09012345678"}`, ""},
		{`{"tel":"0901234567890"}`, `"tel":["Tel is invalid, must have the form: 0312345678 or 03-1234-5678"]`},
		{`{"tel":""}`, `"tel":["Tel is invalid, must have the form: 0312345678 or 03-1234-5678"]`},
		{`{"sex":null,"email":"` + strings.Repeat("x", 256) + `"}`, ""},
		{`{"sex":"male","email":"` + strings.Repeat("x", 257) + `"}`, `"sex":["male is not included in the list: MALE, FEMALE, OTHER"],"email":["Email is too long (maximum is 256 characters)"]`},
		{`{"birthdate":"2000-02-29"}`, ""},
		{`{"birthdate":"1900-02-29"}`, `"birthdate":["Birthdate must be a valid date, written as 2026-11-22"]`},
		{`{"is_optout":null,"is_invoice_provider":"true"}`, `"is_invoice_provider":["Is invoice provider must be of type boolean"],"is_optout":["Is optout can't be blank"]`},
		{`{"member_rank_id":2,"invoice_provider_number":"T1234567890123"}`, ""},
		{`{"member_rank_id":9}`, `"member_rank_id":["Member rank id does not exist"]`},
		{`{"member_rank_id":0}`, `"member_rank_id":["Member rank id must be greater than or equal to 1"]`},
		{`{"member_rank_id":"2"}`, `"member_rank_id":["Member rank id is not a number, written without quotes"]`},
		{`{"member_rank_id":1.5}`, `"member_rank_id":["Member rank id must be an integer"]`},
		{`{"member_rank_id":99999999999999999999}`, `"member_rank_id":["Member rank id must be less than or equal to 9007199254740991"]`},
		{`{"status":"MERGED"}`, `"status":["MERGED is not included in the list: TENTATIVE, ACTIVE, LEAVE"]`},
		{`{"status":null}`, `"status":["Status can't be blank"]`},
		{`{"bank_code":"0033","bank_branch_code":"105","bank_account_number":"1234567","bank_account_name":"ヤマダ ﾊﾅｺ(カ)－"}`, ""},
		{
			`{"bank_code":"003","bank_branch_code":"1055","bank_account_number":"123456x","bank_account_name":"山田"}`,
			`"bank_code":["Bank code is the wrong length (should be 4 characters)"],"bank_branch_code":["Bank branch code is the wrong length (should be 3 characters)"],` +
				`"bank_account_number":["Bank account number is invalid, must be 7 digits"],"bank_account_name":["Bank account name is invalid, must have the form: kana, letters, digits and signs"]`,
		},
		{`{"line_user_id":"` + line + `"}`, ""},
		{`{"line_user_id":"` + line + `b"}`, `"line_user_id":["Line user id is invalid, must have the form: U and 32 letters or digits"]`},
		{`{"last_name":"a\u0000b"}`, `"last_name":["Last name is invalid"]`},
		{`[]`, `"*":["Body must be of type object"]`},
	} {
		a := b.Do(request{Method: "POST", Path: "/members", As: "a", Body: tt.body})
		if tt.detail == "" && a.Status != 200 || tt.detail != "" && (a.Status != 400 || a.Body != failed("{"+tt.detail+"}")) {
			t.Errorf("%.100s: %d %s", tt.body, a.Status, a.Body)
		}
	}
	for _, body := range []string{"", "{", `{"a":1,"a":2}`, "\xff", `{}{}`} {
		if a := b.Do(request{Method: "PUT", Path: "/members/1", As: "a", Body: body}); a.Status != 422 {
			t.Errorf("%q: %d %s", body, a.Status, a.Body)
		}
	}
}

// An absent field leaves the value, null clears it, a value sets it.
func TestPutIsPartial(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := b.members("[" + b.get("/members/1") + "]")[0]
	b.Clock.Advance(time.Minute)
	after := b.members("[" + b.put("/members/1", `{"tel":null,"last_name":"佐藤","member_rank_id":null,"is_optout":true}`) + "]")[0]
	before["tel"], before["last_name"], before["rank"], before["is_optout"] = nil, "佐藤", nil, true
	before["updated_at"] = before["updated_at"].(float64) + 60
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}

// A bulk request with a bad row changes nothing, and rows may carry different keys.
func TestBulkIsAllOrNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := b.get("/members")
	row := `{"id":1,"last_name":"変"}`
	many := "[" + strings.Repeat(row+",", 1000) + row + "]"
	for _, tt := range []struct{ method, body, detail string }{
		{"PUT", `[` + row + `,{"id":2,"tel":"x"}]`, `"1.tel":["Tel is invalid, must have the form: 0312345678 or 03-1234-5678"]`},
		{"PUT", `[` + row + `,{"id":2,"member_rank_id":7}]`, `"1.member_rank_id":["Member rank id does not exist"]`},
		{"PUT", `[` + row + `,{"id":2,"alias_code":"alias-1A"}]`, `"1.alias_code":["Alias code has already been taken"]`},
		{"PUT", `[` + row + `,{"id":77}]`, `"1.id":["Id 77 does not exist"]`},
		{"PUT", `[` + row + `,` + row + `]`, `"1.id":["Id 1 is given more than once"]`},
		{"PUT", `[` + row + `,{"last_name":"x"}]`, `"1.id":["Id can't be blank"]`},
		{"PUT", `[` + row + `,5,null]`, `"1":["1 must be of type object"],"2":["2 must be of type object"]`},
		{"PUT", `[]`, `"*":["Body is too short (minimum is 1 items)"]`},
		{"PUT", many, `"*":["Body is too long (maximum is 1000 items)"]`},
		{"PUT", `{}`, `"*":["Body must be of type array"]`},
		{"POST", `[{"alias_code":"n"},{"alias_code":"n"}]`, `"1.alias_code":["Alias code has already been taken"]`},
		{"POST", `[{},{"sex":"X"}]`, `"1.sex":["X is not included in the list: MALE, FEMALE, OTHER"]`},
	} {
		b.Want(request{Method: tt.method, Path: "/members/bulk", As: "a", Body: tt.body}, 400, failed("{"+tt.detail+"}"))
	}
	if after := b.get("/members"); after != before {
		t.Errorf("something was changed: %s", after)
	}
	if got := b.ids(b.put("/members/bulk", `[{"id":3,"tel":"ext. 5"},{"id":1,"sex":null},{"id":2}]`)); got != "3 1 2" {
		t.Errorf("the response has the order %s", got)
	}
	rows := make([]string, 1000)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"last_name":"%d"}`, i)
	}
	created := b.members(b.post("/members/bulk", "["+strings.Join(rows, ",")+"]"))
	for i, m := range created {
		if m["last_name"] != strconv.Itoa(i) || m["status"] != "TENTATIVE" {
			t.Fatalf("row %d: %v", i, m)
		}
	}
}

// A field with the value that the member reads now is not checked, whichever dialect wrote it.
func TestWhatReadsTheSameIsNotJudged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := b.get("/members/3")
	b.Clock.Advance(time.Minute)
	if after := b.put("/members/3", before); after != before {
		t.Errorf("%s\n%s", before, after)
	}
	b.Want(request{Method: "PUT", Path: "/members/3", As: "a", Body: `{"status":"MERGED","tel":"ext. 6"}`}, 400, failed(`{"tel":["Tel is invalid, must have the form: 0312345678 or 03-1234-5678"]}`))
	b.Want(request{Method: "PUT", Path: "/members/1", As: "a", Body: `{"status":"MERGED"}`}, 400, failed(`{"status":["MERGED is not included in the list: TENTATIVE, ACTIVE, LEAVE"]}`))
	if a := b.Do(request{Method: "PUT", Path: "/members/99", As: "a", Body: `{"status":"ACTIVE"}`}); a.Status != 404 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// All filters must match, every character in a keyword is literal, and bad values are refused by name.
func TestFiltersOfMembers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Clock.Advance(time.Hour)
	b.post("/members/bulk", `[{"last_name":"100%_\\*","company_name":"O'Reilly \"AND\" NEAR("},{"last_name":"１００","tel":"03-9999-8888","status":"LEAVE"}]`)
	for query, want := range map[string]string{
		"ids=2,5,99": "2 5", "codes=AM003,AM001": "1 3", "alias_codes=alias-1A,x": "1", "ids=1&codes=AM002": "",
		"statuses=TENTATIVE": "2 4", "statuses=LEAVE,MERGED": "3 5",
		"keyword=山田": "1 2 3", "keyword=ﾊﾅｺ": "1", "keyword=100": "4 5", "keyword=%25": "4", "keyword=%27": "4", "keyword=%22and%22": "4",
		"keyword=near(": "4", "keyword=AND": "4", "keyword=0399998888": "5", "keyword=": "1 2 3 4 5", "keyword=%27%20OR%201=1--": "",
		"created_at_from=2026-11-22%2001:30:00": "4 5", "created_at_to=2026-11-22+01:29:59": "1 2 3", "created_at_to=2026-11-22+00:30:00": "1 2 3",
		"updated_at_from=2026-11-22%2000:30:00&updated_at_to=2026-11-22%2000:30:00": "1 2 3",
		"page=2&limit=2": "3 4", "page=9": "", "codes=": "", "_=1&limit=1": "1",
	} {
		if got := b.ids(b.get("/members?" + query)); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	for query, field := range map[string]string{
		"ids=": "ids", "ids=1,": "ids", "ids=a": "ids", "ids=-1": "ids", "ids=1.5": "ids", "ids=99999999999999999999": "ids", "statuses=": "statuses",
		"statuses=active": "statuses", "created_at_from=2026-11-22": "created_at_from", "updated_at_to=2026-02-30+00:00:00": "updated_at_to",
		"created_at_to=2026-11-22T00:00:00": "created_at_to", "limit=0": "limit", "limit=251": "limit", "limit=": "limit", "page=x": "page",
		"page=0": "page", "cursor=x": "cursor", "cursor=&page=1": "cursor", "keyword=%00": "keyword", "keyword=%ff": "keyword",
		"keyword=" + strings.Repeat("x", 257): "keyword", "ids=1&ids=2": "ids", "ids=%zz": "query", "name=x": "name", "ids=1&email=x": "email", "rank_id=1&tel=0": "rank_id",
	} {
		if a := b.Do(request{Method: "GET", Path: "/members?" + query, As: "a"}); a.Status != 400 || !strings.Contains(a.Body, `"detail":{"`+field+`":[`) {
			t.Errorf("%s: %d %s", query, a.Status, a.Body)
		}
	}
}

// A walk returns every member once, including those added meanwhile, and knows its end.
func TestCursorWalk(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rows := make([]string, 12)
	for i := range rows {
		rows[i] = `{"company_name":"歩"}`
	}
	b.post("/members/bulk", "["+strings.Join(rows, ",")+"]")
	seen := make(map[any]int)
	cursor, calls := "", 0
	for {
		a := b.Do(request{Method: "GET", Path: "/members?limit=5&keyword=歩&cursor=" + url.QueryEscape(cursor), As: "a"})
		if a.Status != 200 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		for _, m := range b.members(a.Body) {
			seen[m["id"]]++
		}
		calls++
		if cursor = a.Header.Get(headerNext); cursor == "" {
			if _, there := a.Header[headerNext]; there {
				t.Error("the header is there at the end")
			}
			break
		}
		if calls <= 3 {
			b.post("/members", `{"company_name":"歩"}`)
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("member %v came %d times", id, n)
		}
	}
	if len(seen) != 14 || calls != 3 {
		t.Errorf("%d members in %d calls", len(seen), calls)
	}
	first := b.Do(request{Method: "GET", Path: "/staffs?limit=1&cursor=", As: "a"})
	next := first.Header.Get(headerNext)
	if got := b.ids(b.get("/staffs?limit=1&cursor=" + next)); next == "" || got != "2" {
		t.Errorf("staff: %q %s", next, got)
	}
	if a := b.Do(request{Method: "GET", Path: "/members?cursor=" + next, As: "b"}); a.Status != 400 {
		t.Errorf("another company's cursor: %d %s", a.Status, a.Body)
	}
	if a := b.Do(request{Method: "GET", Path: "/members", As: "a"}); a.Header.Get(headerNext) != "" {
		t.Error("a cursor without a walk")
	}
}

func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := b.equip("a")
	for i, r := range endpointsOf(key) {
		if r.Method == http.MethodGet {
			continue
		}
		r.As, r.Header = "a", map[string]string{"Idempotency-Key": strconv.Itoa(i)}
		first, second := b.Do(r), b.Do(r)
		if first.Status != 200 || second.Status != 200 || first.Body != second.Body || second.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s %s: %d %s, then %d %s", r.Method, r.Path, first.Status, first.Body, second.Status, second.Body)
		}
	}
	r := request{Method: "POST", Path: "/members", As: "a", Body: `{"last_name":"x"}`, Header: map[string]string{"Idempotency-Key": "2"}}
	if a := b.Do(r); a.Status != 409 || !strings.Contains(a.Body, `"CONFLICT"`) {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if got := b.ids(b.get("/members?ids=4,5,6,7")); got != "4 5" {
		t.Errorf("members %s: a write was done twice", got)
	}
}

func TestPointsSwitchedOff(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *shop.Shop) { s.Tenant.Points = noren.Set(noren.PointSettings{}) })
	if m := b.members("[" + b.get("/members/1") + "]")[0]; m["point"] != nil {
		t.Errorf("%v", m["point"])
	}
	b.Want(request{Method: "PUT", Path: "/members/point", As: "a", Body: `{"amount":1,"mode":"ADD","note":"x","query":{"ids":[1]}}`},
		400, failed(`{"*":["Body cannot be processed because points are switched off"]}`))
}

// TestTooManyNames: what a request may name is bounded, in a body and in a query, in each list and in all together.
func TestTooManyNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	list := func(item string, n int) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	const most = "is too long (maximum is 1000 items)"
	point := func(query string) request {
		return request{Method: "PUT", Path: "/members/point", As: "a", Body: `{"amount":1,"mode":"ADD","note":"x","query":{` + query + `}}`}
	}
	b.Want(point(`"ids":[`+list("1", 1001)+`]`), 400, failed(`{"query.ids":["Query ids `+most+`"]}`))
	b.Want(point(`"codes":[`+list(`"x"`, 1001)+`]`), 400, failed(`{"query.codes":["Query codes `+most+`"]}`))
	b.Want(point(`"ids":[`+list("1", 600)+`],"codes":[`+list(`"x"`, 401)+`]`), 400, failed(`{"query":["Query `+most+`"]}`))
	for _, name := range []string{"ids", "codes"} {
		if a := b.Do(request{Method: "GET", Path: "/members?" + name + "=" + list("1", 1001), As: "a"}); a.Status != 400 || !strings.Contains(a.Body, most) {
			t.Errorf("a list by too many %s: %d %s", name, a.Status, a.Body)
		}
		if a := b.Do(request{Method: "GET", Path: "/members?" + name + "=" + list("1", 1000), As: "a"}); a.Status != 200 {
			t.Errorf("a list by as many %s as allowed: %d %s", name, a.Status, a.Body)
		}
	}
}
