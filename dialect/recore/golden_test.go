package recore

import (
	"regexp"
	"strings"
	"testing"

	"noren/dialect/dialecttest"
)

type goldenRequest struct {
	name string
	request
}

// goldenRequests has at least one request for every endpoint, in the order in which they are sent.
func goldenRequests(fileKey string) []goldenRequest {
	a := func(name, method, path, body string) goldenRequest {
		return goldenRequest{name, request{Method: method, Path: path, As: "a", Body: body}}
	}
	return []goldenRequest{
		a("members", "GET", "/members", ""),
		a("member_create", "POST", "/members", `{"status":"ACTIVE","last_name":"鈴木","tel":"03-1234-5678","is_optout":true,"member_rank_id":1}`),
		a("member_update", "PUT", "/members/1", `{"last_name":null,"birthdate":"1990-04-01","unknown":1}`),
		a("members_bulk_create", "POST", "/members/bulk", `[{"status":"LEAVE"},{"first_name":"一郎","bank_code":"0033"}]`),
		a("members_bulk_update", "PUT", "/members/bulk", `[{"id":2,"sex":"OTHER"},{"id":1,"occupation":"会社員"}]`),
		a("members_bulk_refused", "PUT", "/members/bulk", `[{"id":1,"tel":"x","sex":1},{"id":2},{"sex":"MAN","id":"3"}]`),
		a("members_bulk_unknown", "PUT", "/members/bulk", `[{"id":1},{"id":99,"member_rank_id":9},{"id":1}]`),
		a("points_add", "PUT", "/members/point", `{"staff_id":null,"amount":123,"mode":"ADD","note":"テスト付与","query":{"ids":[1,2]}}`),
		a("points_paid", "PUT", "/members/point", `{"staff_id":1,"amount":5,"mode":"ADD","type":"PAID","expires_on":"2026-12-31","note":"買取","query":{"codes":["AM001"],"alias_codes":["alias-1A"]}}`),
		a("points_refused", "PUT", "/members/point", `{"amount":124,"mode":"SUB","note":"x","query":{"ids":[1,2]}}`),
		a("note_create", "POST", "/members/1/notes", `{"staff_id":1,"note":"会員メモ"}`),
		a("note_second", "POST", "/members/1/notes", `{"staff_id":null,"note":"二行\n目"}`),
		a("notes", "GET", "/members/1/notes?ids=1,2&created_at_from=2026-11-22%2000:30:00&limit=2", ""),
		a("note_delete", "DELETE", "/members/1/notes/2", ""),
		a("attachment_create", "POST", "/members/1/attachments", `{"file_key":"`+fileKey+`","tag":"PHOTO","file_name":"顔写真.jpg"}`),
		a("member", "GET", "/members/1", ""),
		a("attachment_delete", "DELETE", "/members/1/attachments/1", ""),
		a("members_cursor", "GET", "/members?cursor=&limit=1&codes=AM001,AM002", ""),
		a("members_refused", "GET", "/members?limit=251&page=0&ids=1,x&statuses=ACTIVE,GONE&created_at_from=2026-11-22&cursor=y", ""),
		a("staffs", "GET", "/staffs?codes=SF001,SF002", ""),
		a("staff", "GET", "/staffs/1", ""),
		a("members_filter_refused", "GET", "/members?email=x%40example.com&tel=0312345678&limit=1", ""),
		a("member_filter_refused", "GET", "/members/1?code=AM001", ""),
		a("with_mark", "PUT", "/members/1", "\ufeff"+`{"last_name":"山田"}`),
		a("error_404_api", "GET", "/members/1/rank", ""),
		a("error_404_products", "GET", "/products?limit=100&cursor=", ""),
		a("error_404_offer", "POST", "/bad/offer", ""),
		a("error_404", "GET", "/members/999", ""),
		a("error_405", "DELETE", "/members/1", ""),
		a("error_422", "POST", "/members", `{"status":`),
		{"error_403", request{Method: "GET", Path: "/members", As: "poor"}},
		{"error_403_key", request{Method: "GET", Path: "/members", Header: map[string]string{"Authorization": "Bearer x"}}},
	}
}

// TestGolden sends the requests one after another and compares the responses byte by byte.
func TestGolden(t *testing.T) {
	t.Parallel()
	b := setup(t)
	doc := loadDocument(t)
	upload := request{Method: "POST", Path: "/upload/public", As: "a", Body: "\xff\xd8\xff\xe0photo", Header: map[string]string{"Content-Type": "image/jpeg"}}
	uploaded := b.Do(upload)
	doc.Check(t, upload, uploaded)
	fileKey := strings.Split(uploaded.Body, `"`)[3]
	random := regexp.MustCompile(`MB[0-9A-Z]{10}|` + regexp.QuoteMeta(fileKey) + `|signature=[^"]+`)
	for _, g := range goldenRequests(fileKey) {
		a := b.Do(g.request)
		doc.Check(t, g.request, a)
		dialecttest.CompareGolden(t, g.name, random.ReplaceAllString(dialecttest.Transcript(g.request, a), "(random)"))
	}
}
