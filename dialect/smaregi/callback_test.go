package smaregi

import (
	"strconv"
	"testing"

	"noren"
	"noren/app/bulk"
)

// Every body of the two seed pages, byte by byte.
func TestCallbackBodies(t *testing.T) {
	t.Parallel()
	members := func(reason noren.Reason) bulk.Outcome {
		return bulk.Outcome{ID: 700, Kind: noren.BulkMembers, Failures: []noren.Failure{{Row: 2, Reason: reason}}}
	}
	stock := func(reason noren.Reason) bulk.Outcome {
		return bulk.Outcome{ID: 700, Kind: noren.BulkStock, Failures: []noren.Failure{{Row: 2, Reason: reason}}}
	}
	key := func(product, store int64) noren.StockKey { return noren.StockKey{ProductID: product, StoreID: store} }
	tests := []struct {
		name    string
		outcome bulk.Outcome
		want    string
	}{
		{
			"members",
			bulk.Outcome{ID: 700, Kind: noren.BulkMembers, Members: []int64{123, 456}},
			`{"requestId":700,"result":[{"customerId":"123"},{"customerId":"456"}]}`,
		},
		{
			"stock",
			bulk.Outcome{ID: 700, Kind: noren.BulkStock, Movements: []noren.StockMovement{
				{ID: 1234, StockKey: key(567, 8)}, {ID: 1235, StockKey: key(678, 9)},
			}},
			`{"requestId":700,"result":[{"id":"1234","productId":"567","storeId":"8"},{"id":"1235","productId":"678","storeId":"9"}]}`,
		},
		{"member", members(noren.ReasonMemberUnknown), `{"requestId":700,"message":"[customers][2行目]会員IDが存在しません。"}`},
		{"rank", members(noren.ReasonRankUnknown), `{"requestId":700,"message":"[customers][2行目]会員ランクが存在しません。"}`},
		{"staff rank", members(noren.ReasonStaffRankUnknown), `{"requestId":700,"message":"[customers][2行目]社員ランクが存在しません。"}`},
		{
			"active with leave date", members(noren.ReasonActiveWithLeaveDate),
			`{"requestId":700,"message":"[customers][2行目]会員状態区分が利用可の会員に退会日は指定できません。"}`,
		},
		{
			"left without leave date", members(noren.ReasonLeftWithoutDate),
			`{"requestId":700,"message":"[customers][2行目]会員状態区分が退会の会員の退会日にnullは指定できません。"}`,
		},
		{
			"leave date set", members(noren.ReasonLeaveDateSet),
			`{"requestId":700,"message":"[customers][2行目]退会日が設定されている会員の会員状態区分に「利用可」は指定できません。"}`,
		},
		{"store", members(noren.ReasonStoreUnknown), `{"requestId":700,"message":"[customers][2行目]対象店舗IDが存在しません。"}`},
		{
			"warehouse", members(noren.ReasonStoreNotForMembers),
			`{"requestId":700,"message":"[customers][2行目]会員の対象店舗に倉庫や受注店舗は指定できません。"}`,
		},
		{"product", stock(noren.ReasonProductUnknown), `{"requestId":700,"message":"[stock][2行目]商品IDが存在しません。"}`},
		{"stock's store", stock(noren.ReasonStoreUnknown), `{"requestId":700,"message":"[stock][2行目]店舗IDが存在しません。"}`},
		{
			"the first row that fails", bulk.Outcome{ID: 1, Kind: noren.BulkMembers, Failures: []noren.Failure{
				{Row: 3, Reason: noren.ReasonStoreUnknown}, {Row: 3, Reason: noren.ReasonRankUnknown}, {Row: 7, Reason: noren.ReasonMemberUnknown},
			}}, `{"requestId":1,"message":"[customers][3行目]対象店舗IDが存在しません。"}`,
		},
		{
			"could not be applied",
			bulk.Outcome{ID: 9, Kind: noren.BulkStock, Failures: []noren.Failure{{Reason: noren.ReasonInternal}}},
			`{"requestId":9,"message":"[stock]システムの内部エラーにより更新できませんでした。データは変更されていません。` +
				`運用者に問い合わせ用ID(requestId-9)を添えてお問い合わせください。"}`,
		},
	}
	for _, tt := range tests {
		if got := string((Callbacks{}).EncodeCallback(tt.outcome)); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// The same messages, caused by requests and stored data.
func TestCallbacksOfRequests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tests := []struct{ path, token, body, message string }{
		{"/customers/bulk", "a", customers(`{"customerId":"99","note":"x"}`), "[customers][1行目]会員IDが存在しません。"},
		{"/customers/bulk", "a", customers(`{"customerId":"1","rank":"Gold"}`), "[customers][1行目]会員ランクが存在しません。"},
		{"/customers/bulk", "a", customers(`{"customerId":"1","staffRank":"役員"}`), "[customers][1行目]社員ランクが存在しません。"},
		{"/customers/bulk", "a", customers(`{"customerId":"1","leaveDate":"2026-01-01"}`), "[customers][1行目]会員状態区分が利用可の会員に退会日は指定できません。"},
		{"/customers/bulk", "a", customers(`{"customerId":"3","leaveDate":null}`), "[customers][1行目]会員状態区分が退会の会員の退会日にnullは指定できません。"},
		{
			"/customers/bulk", "a", customers(`{"customerId":"1","status":"0"}`, `{"customerId":"3","status":"0"}`),
			"[customers][2行目]退会日が設定されている会員の会員状態区分に「利用可」は指定できません。",
		},
		{"/customers/bulk", "a", customers(`{"customerId":"1","storeId":"77"}`), "[customers][1行目]対象店舗IDが存在しません。"},
		{"/customers/bulk", "a", customers(`{"customerId":"1","storeId":"2"}`), "[customers][1行目]会員の対象店舗に倉庫や受注店舗は指定できません。"},
		{"/customers/bulk", "a", customers(`{"customerId":"1","storeId":"3"}`), "[customers][1行目]会員の対象店舗に倉庫や受注店舗は指定できません。"},
		{"/customers/bulk", "clerk", customers(`{"customerId":"1","storeId":"4"}`), "[customers][1行目]対象店舗IDが存在しません。"},
		{"/stock/bulk", "a", stocks(`{"productId":"9","storeId":"1","stockAmount":"1"}`), "[stock][1行目]商品IDが存在しません。"},
		{"/stock/bulk", "a", stocks(`{"productId":"1","storeId":"9","stockAmount":"1"}`), "[stock][1行目]店舗IDが存在しません。"},
		{"/stock/bulk", "clerk", stocks(`{"productId":"1","storeId":"4","stockAmount":"1"}`), "[stock][1行目]店舗IDが存在しません。"},
	}
	for i, tt := range tests {
		b.Clock.Advance(1e9)
		id := strconv.Itoa(i + 1)
		b.Want(request{Method: "PATCH", Path: tt.path, As: tt.token, Body: tt.body}, 202,
			`{"requestId":`+id+`,"callbackUrl":"https://example.com/cb"}`)
		want := `{"requestId":` + id + `,"message":"` + tt.message + `"}`
		if got := b.ApplyLane(shopA); len(got) != 1 || got[0] != want {
			t.Errorf("%s\n got %q\nwant %q", tt.body, got, want)
		}
	}
	b.Want(request{Method: "PATCH", Path: "/customers/bulk", As: "a", Body: customers(`{"customerId":"3","status":"0","leaveDate":null}`)},
		202, `{"requestId":14,"callbackUrl":"https://example.com/cb"}`)
	if got := b.ApplyLane(shopA); len(got) != 1 || got[0] != `{"requestId":14,"result":[{"customerId":"3"}]}` {
		t.Errorf("%q", got)
	}
}
