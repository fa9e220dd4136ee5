package smaregi

import (
	"fmt"
	"strings"
	"testing"

	"noren"
	"noren/app/shop"
)

// seedCustomerExample is the example of the seed page, with a kana and callbackUrl that its own rules accept.
func seedCustomerExample(kana string) string {
	return `{ "customers": [ { "customerId": "1", "customerNo": "string", "rank": "string", "staffRank": "string", ` +
		`"firstName": "string", "lastName": "string", "firstKana": "` + kana + `", "lastKana": "` + kana + `", "postCode": "string", ` +
		`"address": "string", "phoneNumber": "string", "faxNumber": "string", "mobileNumber": "string", ` +
		`"mailAddress": "test@example.com", "mailAddress2": "test@example.com", "mailAddress3": "test@example.com", ` +
		`"companyName": "string", "departmentName": "string", "managerialPosition": "string", "sex": "0", ` +
		`"birthDate": "2000-01-23", "entryDate": "2000-01-23", "leaveDate": "2000-01-23", "pointGivingUnitPrice": "12345", ` +
		`"pointGivingUnit": "99999.99", "pinCode": "string", "passportNo": "string", "nationality": "string", ` +
		`"alphabetName": "string", "mailReceiveFlag": "0", "note": "string", "note2": "string", "favoriteList": "string", ` +
		`"browsingList": "string", "status": "0", "storeId": "1" } ], "callbackUrl": "https://example.com/cb"}`
}

// Every 400 of the two seed pages, byte by byte.
func TestSeedRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	row := func(id int) string { return fmt.Sprintf(`{"customerId":"%d"}`, id) }
	level := func(product, store int) string {
		return fmt.Sprintf(`{"productId":"%d","storeId":"%d","stockAmount":"1"}`, product, store)
	}
	var rows, levels []string
	for i := range 101 {
		rows, levels = append(rows, row(i+1)), append(levels, level(i+1, 1))
	}
	tests := []struct{ path, body, detail string }{
		{"/customers/bulk", customers(row(7), row(8), `{"customerId":"007"}`), "指定された会員IDが重複しています。(会員ID-7)"},
		{"/customers/bulk", customers(rows...), "リクエストの上限数が超えています。上限数-100"},
		{"/customers/bulk", customers(), "会員情報は1つ以上指定してください。"},
		{"/customers/bulk", `{"callbackUrl":"https://example.com/"}`, "会員情報は1つ以上指定してください。"},
		{"/customers/bulk", `{"customers":null,"callbackUrl":"https://example.com/"}`, "会員情報は1つ以上指定してください。"},
		{
			"/customers/bulk", customers(`{"customerId":"5","status":"0","leaveDate":"2026-01-01"}`),
			"会員状態区分が 0:利用可 のときは、退会日は指定できません。(会員ID-5)",
		},
		{
			"/customers/bulk", customers(`{"customerId":"5","status":"3","leaveDate":null}`),
			"会員状態区分が 3:退会 のときは、退会日にnullは指定できません。(会員ID-5)",
		},
		{"/customers/bulk", customers(row(1), `{"customerId":"2","note":"x"}`), "全ての会員情報のjsonキーを揃えてください。"},
		{"/stock/bulk", stocks(level(1, 2), level(3, 4), level(1, 2)), "指定された商品IDと店舗IDの組み合わせが重複しています。(商品ID:店舗ID-1:2)"},
		{"/stock/bulk", stocks(levels...), "リクエストの上限数が超えています。上限数-100"},
		{"/stock/bulk", stocks(), "在庫情報は1つ以上指定してください。"},
		{"/stock/bulk", stocks(level(1, 1), `{"productId":"2","storeId":"1"}`), "全ての在庫情報のjsonキーを揃えてください。"},
		{
			"/stock/bulk", stocks(
				`{"productId":"1","storeId":"1","stockAmount":"1","stockHistory":{"memo":"x"}}`,
				`{"productId":"2","storeId":"1","stockAmount":"1","stockHistory":{}}`,
			), "全ての在庫変動履歴のjsonキーを揃えてください。",
		},
		{
			"/stock/bulk", stocks(
				`{"productId":"1","storeId":"1","stockAmount":"1","stockHistory":null}`,
				`{"productId":"2","storeId":"1","stockAmount":"1","stockHistory":{"memo":"x"}}`,
			), "全ての在庫変動履歴のjsonキーを揃えてください。",
		},
	}
	for _, tt := range tests {
		b.Clock.Advance(1e9)
		b.Want(request{Method: "PATCH", Path: tt.path, As: "a", Body: tt.body}, 400, badRequest(tt.detail))
	}
	if done := b.ApplyLane(shopA); len(done) != 0 {
		t.Errorf("refused requests were stored: %q", done)
	}
}

// Each body breaks several rules; the first one is named.
func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	manyUneven := make([]string, 101)
	for i := range manyUneven {
		manyUneven[i] = `{"customerId":"x"}`
	}
	manyUneven[100] = `{}`
	tests := []struct{ name, path, body, detail string }{
		{"shape before callbackUrl", "/customers/bulk", `{"customers":{}}`, "customersは配列である必要があります。"},
		{"callbackUrl before none given", "/customers/bulk", `{"customers":[]}`, "callbackUrlは必須です。"},
		{
			"callbackUrl before the limit", "/customers/bulk", `{"customers":[` + strings.Join(manyUneven, ",") + `],"callbackUrl":"ftp://x"}`,
			"callbackUrlはhttp://またはhttps://で始まるURLである必要があります。",
		},
		{"limit before keys", "/customers/bulk", customers(manyUneven...), "リクエストの上限数が超えています。上限数-100"},
		{"keys before types", "/customers/bulk", customers(`{"customerId":"x"}`, `{"customerId":"y","note":1}`), "全ての会員情報のjsonキーを揃えてください。"},
		{"unknown keys count for parity", "/customers/bulk", customers(`{"customerId":"1","x":1}`, `{"customerId":"2"}`), "全ての会員情報のjsonキーを揃えてください。"},
		{"row keys before history keys", "/stock/bulk", stocks(`{"a":1,"stockHistory":{}}`, `{"stockHistory":{"memo":""}}`), "全ての在庫情報のjsonキーを揃えてください。"},
		{
			"history keys before types", "/stock/bulk", stocks(`{"productId":"x","stockHistory":{}}`, `{"productId":"y","stockHistory":{"memo":""}}`),
			"全ての在庫変動履歴のjsonキーを揃えてください。",
		},
		{
			"types before duplicates", "/customers/bulk", customers(`{"customerId":"1","sex":"1"}`, `{"customerId":"1","sex":"1"}`, `{"customerId":"2","sex":"9"}`),
			"[customers][3行目]sexは0、1、2のいずれかである必要があります。",
		},
		{
			"first row first", "/customers/bulk", customers(`{"customerId":"1","sex":"9"}`, `{"customerId":"x","sex":"0"}`),
			"[customers][1行目]sexは0、1、2のいずれかである必要があります。",
		},
		{
			"unit pair before duplicates", "/customers/bulk", customers(`{"customerId":"1","pointGivingUnit":"1"}`, `{"customerId":"1","pointGivingUnit":"1"}`),
			"[customers][1行目]pointGivingUnitを指定した場合、pointGivingUnitPriceも指定する必要があります。",
		},
		{
			"duplicates before leave dates", "/customers/bulk",
			customers(`{"customerId":"1","status":"3","leaveDate":null}`, `{"customerId":"1","status":"3","leaveDate":null}`),
			"指定された会員IDが重複しています。(会員ID-1)",
		},
	}
	for _, tt := range tests {
		b.Clock.Advance(1e9)
		a := b.Do(request{Method: "PATCH", Path: tt.path, As: "a", Body: tt.body})
		if want := badRequest(tt.detail); a.Status != 400 || a.Body != want {
			t.Errorf("%s:\n got %d %s\nwant 400 %s", tt.name, a.Status, a.Body, want)
		}
	}
}

// Bodies that are wrong as a whole, for both endpoints.
func TestBadBodies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tests := []struct{ name, body, detail string }{
		{"empty", "", "リクエストボディがJSONとして正しくありません。(1バイト目)"},
		{"cut off", `{"customers":[`, "リクエストボディがJSONとして正しくありません。(15バイト目)"},
		{"array", `[]`, "リクエストボディはオブジェクトである必要があります。"},
		{"null", `null`, "リクエストボディはオブジェクトである必要があります。"},
		{"twice", `{"callbackUrl":"a","callbackUrl":"b"}`, "リクエストボディのJSONでキー「callbackUrl」が重複しています。"},
		{"trailing", `{} x`, "リクエストボディのJSONの後に余分な文字があります。(3バイト目)"},
		{"not UTF-8", "{\"callbackUrl\":\"\xff\"}", "リクエストボディはUTF-8である必要があります。"},
		{"deep", strings.Repeat(`{"a":`, 100_000), "リクエストボディのJSONの入れ子は64階層以下である必要があります。"},
		{"callbackUrl missing", `{}`, "callbackUrlは必須です。"},
		{"callbackUrl null", `{"callbackUrl":null}`, "callbackUrlにnullは指定できません。"},
		{"callbackUrl number", `{"callbackUrl":1}`, "callbackUrlは文字列である必要があります。"},
		{"callbackUrl long", `{"callbackUrl":"https://` + strings.Repeat("あ", 504) + `"}`, "callbackUrlは511文字以下である必要があります。"},
		{"callbackUrl blank", `{"callbackUrl":"https://a b"}`, "callbackUrlに空白文字や制御文字は使用できません。"},
		{"callbackUrl blank in front", `{"callbackUrl":" https://a/"}`, "callbackUrlに空白文字や制御文字は使用できません。"},
		{"callbackUrl line feed", `{"callbackUrl":"https://a/\n"}`, "callbackUrlに空白文字や制御文字は使用できません。"},
		{"callbackUrl full-width blank", `{"callbackUrl":"https://a/b　c"}`, "callbackUrlに空白文字や制御文字は使用できません。"},
		{"callbackUrl control", `{"callbackUrl":"https://a/\u007f"}`, "callbackUrlに空白文字や制御文字は使用できません。"},
		{"callbackUrl capitals", `{"callbackUrl":"HTTPS://example.com/"}`, "callbackUrlのhttp://またはhttps://は小文字で指定する必要があります。"},
		{"callbackUrl other scheme", `{"callbackUrl":"FTP://example.com/"}`, "callbackUrlはhttp://またはhttps://で始まるURLである必要があります。"},
		{"callbackUrl no host", `{"callbackUrl":"https:///path"}`, "callbackUrlにはホスト名が必要です。"},
		{"callbackUrl port alone", `{"callbackUrl":"https://:8080/path"}`, "callbackUrlにはホスト名が必要です。"},
		{"callbackUrl unreadable", `{"callbackUrl":"https://%zz"}`, "callbackUrlがURLとして正しくありません。"},
		{"callbackUrl port no number", `{"callbackUrl":"https://example.com:x/"}`, "callbackUrlがURLとして正しくありません。"},
		{"callbackUrl port", `{"callbackUrl":"https://example.com:65536/"}`, "callbackUrlのポート番号は1以上65535以下である必要があります。"},
		{"callbackUrl port 0", `{"callbackUrl":"https://example.com:0/"}`, "callbackUrlのポート番号は1以上65535以下である必要があります。"},
		{"callbackUrl user", `{"callbackUrl":"https://user:secret@example.com/"}`, "callbackUrlにユーザー名やパスワードを含めることはできません。"},
		{"callbackUrl empty user", `{"callbackUrl":"https://@example.com/"}`, "callbackUrlにユーザー名やパスワードを含めることはできません。"},
		{"callbackUrl NUL", `{"callbackUrl":"https://a\u0000"}`, "callbackUrlにNUL文字(U+0000)は使用できません。"},
	}
	for _, tt := range tests {
		for _, path := range []string{"/customers/bulk", "/stock/bulk"} {
			b.Clock.Advance(1e9)
			a := b.Do(request{Method: "PATCH", Path: path, As: "a", Body: tt.body})
			if want := badRequest(tt.detail); a.Status != 400 || a.Body != want {
				t.Errorf("%s %s:\n got %d %s\nwant 400 %s", tt.name, path, a.Status, a.Body, want)
			}
		}
	}
	b.Want(request{Method: "PATCH", Path: "/customers/bulk", As: "a", Body: customers(`1`)}, 400,
		badRequest("[customers][1行目]要素はオブジェクトである必要があります。"))
}

func TestBadCustomerFields(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tests := []struct{ field, words string }{
		{`"customerId":null`, "customerIdにnullは指定できません。"},
		{`"customerId":"abc"`, "customerIdは1以上9999999999以下の整数である必要があります。"},
		{`"customerId":true`, "customerIdは整数を表す文字列である必要があります。"},
		{`"customerId":0`, "customerIdは1以上9999999999以下である必要があります。"},
		{`"customerId":"99999999999999999999"`, "customerIdは1以上9999999999以下である必要があります。"},
		{`"customerNo":"会員"`, "customerNoは半角英数字と半角記号で指定する必要があります。"},
		{`"customerNo":"` + strings.Repeat("a", 21) + `"`, "customerNoは20文字以下である必要があります。"},
		{`"rank":5`, "rankは文字列である必要があります。"},
		{`"firstName":null`, "firstNameにnullは指定できません。"},
		{`"lastName":"` + strings.Repeat("山", 86) + `"`, "lastNameは85文字以下である必要があります。"},
		{`"firstKana":"はなこ"`, "firstKanaは全角カタカナと半角英数字、半角記号で指定する必要があります。"},
		{`"postCode":"12345678901"`, "postCodeは10文字以下である必要があります。"},
		{`"phoneNumber":""`, "phoneNumberは1文字以上20文字以下の半角英数字と半角記号で指定する必要があります。"},
		{`"mailAddress":"x"`, "mailAddressはメールアドレスの形式で指定する必要があります。"},
		{`"mailAddress2":"` + strings.Repeat("a", 100) + `@x"`, "mailAddress2は100文字以下である必要があります。"},
		{`"managerialPosition":true`, "managerialPositionは文字列である必要があります。"},
		{`"sex":null`, "sexにnullは指定できません。"},
		{`"sex":"3"`, "sexは0、1、2のいずれかである必要があります。"},
		{`"birthDate":"2026-02-30"`, "birthDateは実在する日付をYYYY-MM-DD形式で指定する必要があります。"},
		{`"entryDate":"2026-1-1"`, "entryDateは実在する日付をYYYY-MM-DD形式で指定する必要があります。"},
		{`"leaveDate":20260101`, "leaveDateは文字列である必要があります。"},
		{`"pointGivingUnitPrice":"100000","pointGivingUnit":"1"`, "pointGivingUnitPriceは1以上99999以下である必要があります。"},
		{`"pointGivingUnitPrice":"1","pointGivingUnit":"1.234"`, "pointGivingUnitは小数点以下2桁までの0以上の数値である必要があります。"},
		{`"pointGivingUnitPrice":"1","pointGivingUnit":"100000"`, "pointGivingUnitは0以上99999.99以下である必要があります。"},
		{`"pointGivingUnitPrice":"1","pointGivingUnit":null`, "pointGivingUnitPriceを指定した場合、pointGivingUnitも指定する必要があります。"},
		{`"mailReceiveFlag":"yes"`, "mailReceiveFlagは0、1のいずれかである必要があります。"},
		{`"note":"` + strings.Repeat("備", 1001) + `"`, "noteは1000文字以下である必要があります。"},
		{`"note2":"\u0000"`, "note2にNUL文字(U+0000)は使用できません。"},
		{`"status":"5"`, "statusは0、1、2、3、4のいずれかである必要があります。"},
		{`"status":null`, "statusにnullは指定できません。"},
		{`"storeId":"1000000000"`, "storeIdは1以上999999999以下である必要があります。"},
	}
	for _, tt := range tests {
		b.Clock.Advance(1e9)
		first, second := `{"customerId":"1",`+tt.field+`}`, `{"customerId":"2",`+tt.field+`}`
		if strings.HasPrefix(tt.field, `"customerId"`) {
			first, second = `{"customerId":"1"}`, `{`+tt.field+`}`
			b.Want(request{Method: "PATCH", Path: "/customers/bulk", As: "a", Body: customers(first, second)}, 400,
				badRequest("[customers][2行目]"+tt.words))
			continue
		}
		b.Want(request{Method: "PATCH", Path: "/customers/bulk", As: "a", Body: customers(first, second)}, 400,
			badRequest("[customers][1行目]"+tt.words))
	}
	b.Want(request{Method: "PATCH", Path: "/customers/bulk", As: "a", Body: customers(`{"note":"x"}`)}, 400,
		badRequest("[customers][1行目]customerIdは必須です。"))
}

func TestBadStockFields(t *testing.T) {
	t.Parallel()
	b := setup(t)
	row := func(product, store, amount, more string) string {
		return `{"productId":` + product + `,"storeId":` + store + `,"stockAmount":` + amount + more + `}`
	}
	tests := []struct{ row, words string }{
		{row(`"1000000000000000"`, `1`, `1`, ""), "productIdは1以上999999999999999以下である必要があります。"},
		{row(`1`, `"-1"`, `1`, ""), "storeIdは1以上999999999以下である必要があります。"},
		{row(`1`, `1`, `"1000000000"`, ""), "stockAmountは-999999999以上999999999以下である必要があります。"},
		{row(`1`, `1`, `1.5`, ""), "stockAmountは-999999999以上999999999以下の整数である必要があります。"},
		{row(`1`, `1`, `null`, ""), "stockAmountにnullは指定できません。"},
		{row(`1`, `1`, `1`, `,"stockHistory":"x"`), "stockHistoryはオブジェクトである必要があります。"},
		{row(`1`, `1`, `1`, `,"stockHistory":{"memo":"`+strings.Repeat("あ", 101)+`"}`), "memoは100文字以下である必要があります。"},
		{row(`1`, `1`, `1`, `,"stockHistory":{"memo":1}`), "memoは文字列である必要があります。"},
		{`{"storeId":1,"stockAmount":1}`, "productIdは必須です。"},
		{`{"productId":1,"stockAmount":1}`, "storeIdは必須です。"},
		{`{"productId":1,"storeId":1}`, "stockAmountは必須です。"},
	}
	for _, tt := range tests {
		b.Clock.Advance(1e9)
		b.Want(request{Method: "PATCH", Path: "/stock/bulk", As: "a", Body: stocks(tt.row)}, 400, badRequest("[stock][1行目]"+tt.words))
	}
}

func TestRequiredColumnsCannotBeCleared(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *shop.Shop) {
		s.Tenant.RequiredColumns = noren.Set([]string{"phoneNumber", "birthDate", "postCode"})
	})
	for field, words := range map[string]string{
		`"phoneNumber":null`: "phoneNumberにnullは指定できません。",
		`"birthDate":null`:   "birthDateにnullは指定できません。",
		`"postCode":""`:      "postCodeに空文字は指定できません。",
	} {
		body := customers(`{"customerId":"1",` + field + `}`)
		b.Want(request{Method: "PATCH", Path: "/customers/bulk", As: "a", Body: body}, 400, badRequest("[customers][1行目]"+words))
		other := b.Do(request{Method: "PATCH", Path: "/customers/bulk", As: "b", Body: body})
		if other.Status != 202 {
			t.Errorf("%s is refused for a tenant without the setting: %s", field, other.Body)
		}
	}
}

func TestBodyOverTheLimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	big := customers(`{"customerId":"1","note":"` + strings.Repeat("x", 4<<20) + `"}`)
	a := b.Do(request{Method: "PATCH", Path: "/customers/bulk", As: "a", Body: big})
	want := `{"type":"about:blank","title":"Request Entity Too Large","detail":"リクエストボディは4194304バイト以下である必要があります。","status":413}`
	if a.Status != 413 || a.Body != want {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// A request with a hundred rows and every field is accepted, and everything is written.
func TestFullRequestIsTaken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one := seedCustomerExample("ア")
	one = one[strings.Index(one, "[")+1 : strings.LastIndex(one, "]")]
	one = strings.NewReplacer(`"leaveDate": "2000-01-23"`, `"leaveDate": null`, `"rank": "string"`, `"rank": " silver"`,
		`"staffRank": "string"`, `"staffRank": null`).Replace(one)
	rows := make([]string, 100)
	for i := range rows {
		rows[i] = strings.Replace(one, `"customerId": "1"`, fmt.Sprintf(`"customerId": "%d"`, i+1), 1)
	}
	b.Want(request{Method: "PATCH", Path: "/customers/bulk", As: "a", Body: customers(rows...)}, 202,
		`{"requestId":1,"callbackUrl":"https://example.com/cb"}`)
	b.Want(request{Method: "PATCH", Path: "/customers/bulk", As: "a", Body: customers(rows[0])}, 202,
		`{"requestId":2,"callbackUrl":"https://example.com/cb"}`)
	got := b.ApplyLane(shopA)
	if len(got) != 2 || got[0] != `{"requestId":1,"message":"[customers][4行目]会員IDが存在しません。"}` ||
		got[1] != `{"requestId":2,"result":[{"customerId":"1"}]}` {
		t.Fatalf("%q", got)
	}
	a := b.Do(request{Method: "GET", Path: "/customers/1", As: "a"})
	for _, part := range []string{`"rank":"Silver","staffRank":null`, `"address":"string"`, `"pointGivingUnit":"99999.99"`, `"firstKana":"ア"`} {
		if !strings.Contains(a.Body, part) {
			t.Errorf("%s is not in %s", part, a.Body)
		}
	}
}
