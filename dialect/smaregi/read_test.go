package smaregi

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app/shop"
)

// ids requests a list and returns the ids on the page.
func (b *bundle) ids(path, key string) string {
	b.Helper()
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	a := b.Do(request{Method: "GET", Path: path + sep + "fields=" + key, As: "a"})
	if a.Status != 200 {
		b.Errorf("%s: %d %s", path, a.Status, a.Body)
	}
	return strings.NewReplacer(`{"`+key+`":"`, "", `"}`, "", "[", "", "]", "").Replace(a.Body)
}

func TestCustomerFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Clock.Advance(24 * time.Hour)
	b.renewTokens()
	b.Do(request{Method: "PATCH", Path: "/customers/bulk", As: "a", Body: customers(`{"customerId":"2","note":"x"}`)})
	b.ApplyLane(shopA)
	for query, want := range map[string]string{
		"": "1,2,3", "customer_code=AM002": "2", "customer_code=XX": "", "customer_no=No-1": "1",
		"customer_id-from=2": "2,3", "customer_id-to=02": "1,2", "customer_id-from=2&customer_id-to=2": "2",
		"sort=customerId:desc": "3,2,1", "sort=customerCode:desc,customerId": "3,2,1", "sort=updDateTime:desc": "2,3,1",
		"sort=insDateTime:asc,customerId:desc": "3,2,1", "_=1700000000": "1,2,3", "utm_source=mail": "1,2,3",
		"sort=customerId:DESC": "3,2,1", "sort=CustomerID:Desc": "3,2,1", "sort=insDateTime&sort=customerId:desc": "3,2,1", "sort=%20customerId:desc,": "3,2,1",
		"upd_date_time-from=2026-11-23T00:30:00%2B0900": "2", "upd_date_time-from=2026-11-23T00:30:00+0900": "2",
		"upd_date_time-from=2026-11-23T00:30:00%2B09:00&upd_date_time-to=2026-11-23T00:30:00%2B09:00": "2",
		"upd_date_time-from=2026-11-23T00:30:00+09:00":                                                "2",
		"upd_date_time-to=2026-11-22T23:59:59Z":                                                       "1,2,3",
		"upd_date_time-to=2026-11-22T00:30:00%2B09:00":                                                "1,3",
	} {
		b.Clock.Advance(time.Second)
		if got := b.ids("/customers?"+query, "customerId"); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

func TestStockFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Do(request{Method: "PATCH", Path: "/stock/bulk", As: "a", Body: stocks(
		`{"productId":"1","storeId":"1","stockAmount":"5"}`, `{"productId":"2","storeId":"1","stockAmount":"6"}`,
		`{"productId":"1","storeId":"4","stockAmount":"7"}`,
	)})
	b.ApplyLane(shopA)
	b.Clock.Advance(24 * time.Hour)
	b.renewTokens()
	b.Do(request{Method: "PATCH", Path: "/stock/bulk", As: "a", Body: stocks(`{"productId":"1","storeId":"1","stockAmount":"2"}`)})
	b.ApplyLane(shopA)
	for path, want := range map[string]string{
		"/stock": "2,7,6", "/stock?store_id=1": "2,6", "/stock?product_id=001": "2,7", "/stock?store_id=4&product_id=2": "",
		"/stock?sort=storeId:desc,productId": "7,2,6", "/stock?upd_date_time-from=2026-11-22T12:00:00Z": "2",
		"/stock/changes/1/1": "5,2", "/stock/changes/1/1?sort=id:desc": "2,5", "/stock/changes/1/1?id=4": "2", "/stock/changes/1/1?stock_amount=5": "5",
		"/stock/changes/1/1?stock_division=15": "5,2", "/stock/changes/1/1?stock_division=02": "", "/stock/changes/1/1?target_date=2026-11-22": "5",
		"/stock/changes/1/1?target_date=2026-11-23": "2", "/stock/changes/1/1?from_store_id=1": "", "/stock/changes/1/1?to_store_id=4": "",
		"/stock/changes/2/4": "",
	} {
		b.Clock.Advance(time.Second)
		if got := b.ids(path, "stockAmount"); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	for path, want := range map[string]string{
		"/stores?store_code=002": "2", "/stores?sort=storeCode:desc&limit=2": "4,3", "/stores?upd_date_time-from=2026-11-23T00:00:00Z": "",
	} {
		if got := b.ids(path, "storeId"); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	for path, want := range map[string]string{
		"/products?product_code=P002": "2", "/products?display_flag=1": "1,2", "/products?display_flag=0": "", "/products?division=0&sales_division=0": "1,2",
		"/products?division=1": "", "/products?stock_control_division=1": "", "/products?stock_control_division=0&product_code=P001": "1",
	} {
		b.Clock.Advance(time.Second)
		if got := b.ids(path, "productId"); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if got := b.ids("/stores?sort=displaySequence:desc", "storeId"); got != "4,3,2,1" {
		t.Error(got)
	}
}

func TestBadParameters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for query, detail := range map[string]string{
		"limit=0":                   "limitは1以上1000以下である必要があります。",
		"limit=1001":                "limitは1以上1000以下である必要があります。",
		"limit=":                    "limitは1以上1000以下の整数である必要があります。",
		"page=0":                    "pageは1以上1000000000以下である必要があります。",
		"page=99999999999999999999": "pageは1以上1000000000以下である必要があります。",
		"customer_code=":            "customer_codeに空文字は指定できません。",
		"limit=1&limit=2":           "limitは1つだけ指定してください。",
		"customer_code=AM001&customer_code=AM002": "customer_codeは1つだけ指定してください。",
		"fields=foo":                 "fieldsに指定された項目「foo」はありません。指定できる項目は" + strings.Join(customerKeys(), "、") + "です。",
		"fields=customerId,foo,":     "fieldsに指定された項目「foo」はありません。指定できる項目は" + strings.Join(customerKeys(), "、") + "です。",
		"mail_address=x@example.com": "パラメータ「mail_address」は指定できません。指定できるパラメータはfields、sort、limit、page、customer_code、customer_id-from、customer_id-to、customer_no、upd_date_time-from、upd_date_time-toです。",
		"sort=note":                  "sortに指定された「note」では並べ替えられません。指定できる項目はcustomerId、customerCode、insDateTime、updDateTimeです。降順は「項目:desc」と指定してください。",
		"sort=customerId:down":       "sortに指定された「customerId:down」では並べ替えられません。指定できる項目はcustomerId、customerCode、insDateTime、updDateTimeです。降順は「項目:desc」と指定してください。",
		"customer_id-from=x":         "customer_id-fromは1以上9999999999以下の整数である必要があります。",
		"customer_code=%00":          "customer_codeにNUL文字(U+0000)は使用できません。",
		"customer_code=%ff":          "customer_codeはUTF-8で指定する必要があります。",
		"fields=%zz":                 "クエリ文字列がURLエンコードとして正しくありません。",
		"upd_date_time-from=2026-11": "upd_date_time-fromはYYYY-MM-DDThh:mm:ssTZD形式の日時(例: 2026-11-22T00:30:00+09:00)で指定する必要があります。",
		"upd_date_time-from=2026-01-01T00:00:00Z&upd_date_time-to=2026-02-01T00:00:01Z": "upd_date_time-fromからupd_date_time-toまでの期間は31日以下である必要があります。",
		"upd_date_time-from=2026-01-02T00:00:00Z&upd_date_time-to=2026-01-01T00:00:00Z": "upd_date_time-toはupd_date_time-from以降である必要があります。",
		"sort=customerId" + strings.Repeat(",customerId", 2000):                         "sortは1000件以下である必要があります。",
		"fields=customerId" + strings.Repeat(",customerId", 1000):                       "fieldsは1000件以下である必要があります。",
		"customer_no=" + strings.Repeat("x", 21):                                        "customer_noは20文字以下である必要があります。",
	} {
		b.Clock.Advance(time.Second)
		b.Want(request{Method: "GET", Path: "/customers?" + query, As: "a"}, 400, badRequest(detail))
	}
	b.Want(request{Method: "GET", Path: "/stock/changes/1/1?target_date=2026-02-30", As: "a"}, 400,
		badRequest("target_dateは実在する日付をYYYY-MM-DD形式で指定する必要があります。"))
	b.Want(request{Method: "GET", Path: "/customers?upd_date_time-from=2026-01-01T00:00:00Z&upd_date_time-to=2026-02-01T00:00:00Z", As: "a"}, 200, "[]")
}

func customerKeys() (names []string) {
	for _, key := range customerView() {
		names = append(names, key.Name)
	}
	return names
}

// Every read refuses each documented filter that it does not have, and whatever else may be one.
func TestNoFilterIsIgnored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for path, filters := range map[string][]string{
		"/customers":                   {"mail_address", "phone_number", "name", "rank", "store_id", "filter[rank]", "Customer_Code", "顧客"},
		"/customers/1":                 {"customer_code", "with_custom_fields"},
		"/stock":                       {"category_id", "product_code"},
		"/stock/changes/1/1":           {"upd_date_time-from"},
		"/stores":                      {"store_name", "division"},
		"/stores/1":                    {"store_code"},
		"/products":                    {"category_id", "group_code", "supplier_product_no", "product_name", "keyword", "with_prices"},
		"/products/1":                  {"category_id"},
		"/bulk_requests/1":             {"state"},
		"/" + shopA + "/pos/products/": {"tag"},
	} {
		for _, filter := range filters {
			b.Clock.Advance(time.Second)
			a := b.Do(request{Method: "GET", Path: path + "?" + url.QueryEscape(filter) + "=1", As: "a"})
			if a.Status != 400 || !strings.Contains(a.Body, "パラメータ「"+filter+"」は指定できません。") {
				t.Errorf("%s %s: %d %s", path, filter, a.Status, a.Body)
			}
		}
	}
}

// A long query stands in no link more often than fits, and parameters that the endpoint does not have in none.
func TestLinksAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	get := func(query string) string {
		b.Clock.Advance(time.Second)
		a := b.Do(request{Method: "GET", Path: "/customers?limit=1&page=2" + query, As: "a"})
		if a.Status != 200 || a.Header.Get("x-total-count") != "3" {
			t.Fatalf("%.80s: %d %s", query, a.Status, a.Body)
		}
		return a.Header.Get("Link")
	}
	if got := get("&_=" + strings.Repeat("x", 5000)); strings.Contains(got, "xxx") || strings.Count(got, "rel=") != 4 {
		t.Errorf("links with a parameter of nobody: %.200s", got)
	}
	if got := get("&sort=customerId" + strings.Repeat(",customerId:asc", 900)); len(got) > 6<<10 {
		t.Errorf("links of %d bytes", len(got))
	}
	if got := get("&fields=customerId" + strings.Repeat(",customerId", 200)); len(got) > 6<<10 || !strings.Contains(got, `rel="next"`) {
		t.Errorf("links of %d bytes: %.200s", len(got), got)
	}
}

// Following rel="next" from the first page visits every member once, and the other parameters are kept.
func TestFollowingLinks(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *shop.Shop) {
		for i := range 22 {
			s.Members = append(s.Members, noren.MemberPatch{ID: int64(i + 4), Code: noren.Set(fmt.Sprintf("X%02d", i))})
		}
	})
	path := "/" + shopA + "/pos/customers?limit=4&fields=customerId&sort=customerId:desc"
	seen := 0
	for page := 1; path != ""; page++ {
		a := b.Do(request{Method: "GET", Path: path, As: "a"})
		seen += strings.Count(a.Body, "customerId")
		if a.Header.Get("x-total-count") != "25" || page > 7 {
			t.Fatalf("page %d: %v", page, a.Header)
		}
		path = ""
		for link := range strings.SplitSeq(a.Header.Get("Link"), ", ") {
			if address, isNext := strings.CutSuffix(link, `>; rel="next"`); isNext {
				u, err := url.Parse(strings.TrimPrefix(address, "<"))
				if err != nil || u.Scheme != "https" || u.Host != "api.example.com" {
					t.Fatal(address, err)
				}
				path = u.RequestURI()
			}
		}
	}
	if seen != 25 {
		t.Errorf("%d members on all pages", seen)
	}
	b.Want(request{Method: "GET", Path: "/customers?page=1000", As: "a"}, 200, "[]")
}

// What the API shows of a member can be written back without changing anything.
func TestWritingBackChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := b.Do(request{Method: "GET", Path: "/customers", As: "a"}).Body
	rows := strings.Split(strings.TrimSuffix(strings.TrimPrefix(before, "["), "]"), "},{")
	for i, row := range rows {
		rows[i] = "{" + strings.Trim(row, "{}") + "}"
	}
	b.Clock.Advance(time.Hour / 2)
	if a := b.Do(request{Method: "PATCH", Path: "/customers/bulk", As: "a", Body: customers(rows...)}); a.Status != 202 {
		t.Fatal(a.Body)
	}
	if got := b.ApplyLane(shopA); len(got) != 1 || !strings.Contains(got[0], "result") {
		t.Fatalf("%q", got)
	}
	b.Want(request{Method: "GET", Path: "/customers", As: "a"}, 200, before)
}

// Ranks are read and written by their codes where they have one, and otherwise by their names. A name is understood as well.
func TestRankCodes(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *shop.Shop) {
		s.Ranks[1].Code = "2"
		s.StaffRanks = []noren.StaffRank{{ID: 1, Code: "S1", Name: "社員"}, {ID: 2, Name: "役員"}}
	})
	const path = "/customers/1?fields=rank,staffRank"
	b.Want(request{Method: "GET", Path: path, As: "a"}, 200, `{"rank":"2","staffRank":"S1"}`)
	for _, test := range []struct{ write, read, callback string }{
		{`{"customerId":"1","rank":"bronze","staffRank":"役員"}`, `{"rank":"Bronze","staffRank":"役員"}`, `"result"`},
		{`{"customerId":"1","rank":"2","staffRank":"s1"}`, `{"rank":"2","staffRank":"S1"}`, `"result"`},
		{`{"customerId":"1","rank":"Silver","staffRank":"社員"}`, `{"rank":"2","staffRank":"S1"}`, `"result"`},
		{`{"customerId":"1","rank":"1"}`, `{"rank":"2","staffRank":"S1"}`, "[customers][1行目]会員ランクが存在しません。"},
		{`{"customerId":"1","staffRank":"1"}`, `{"rank":"2","staffRank":"S1"}`, "[customers][1行目]社員ランクが存在しません。"},
		{`{"customerId":"1","rank":null,"staffRank":null}`, `{"rank":null,"staffRank":null}`, `"result"`},
	} {
		b.Clock.Advance(time.Second)
		if a := b.Do(request{Method: "PATCH", Path: "/customers/bulk", As: "a", Body: customers(test.write)}); a.Status != 202 {
			t.Fatalf("%s: %d %s", test.write, a.Status, a.Body)
		}
		if got := b.ApplyLane(shopA); len(got) != 1 || !strings.Contains(got[0], test.callback) {
			t.Errorf("%s: %q", test.write, got)
		}
		b.Want(request{Method: "GET", Path: path, As: "a"}, 200, test.read)
	}
	b.Verify()
}
