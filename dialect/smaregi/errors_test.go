package smaregi

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"noren"
	"noren/web"
)

// The bodies of errors that no request of the other tests causes. Internal errors are never shown.
func TestErrorBodies(t *testing.T) {
	t.Parallel()
	d := New(Rooms{}, "")
	internal := `{"type":"about:blank","title":"Internal Server Error",` +
		`"detail":"システムの内部エラーが発生しました。運用者にX-Request-Id(r1)を添えてお問い合わせください。","status":500}`
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"bug", errors.New("secret"), internal},
		{"internal", fmt.Errorf("reading: %w", &noren.Error{Message: "secret", Err: errors.New("secret")}), internal},
		{
			"unavailable", fmt.Errorf("writing: %w", &noren.Error{Kind: noren.Unavailable, Message: "secret"}),
			`{"type":"about:blank","title":"Service Unavailable","detail":"現在リクエストを処理できません。` +
				`Retry-Afterヘッダーの秒数が経過した後に再度お試しください。","status":503}`,
		},
		{
			"running", &noren.Error{Kind: noren.Conflict, Reason: noren.ReasonIdempotency, RetryAfter: time.Second},
			`{"type":"about:blank","title":"Conflict","detail":"同じIdempotency-Keyのリクエストを処理中です。処理が終わった後に再度お試しください。","status":409}`,
		},
		{
			"a full queue", &noren.Error{Kind: noren.TooMany, Reason: noren.ReasonQueueFull, RetryAfter: time.Second},
			`{"type":"about:blank","title":"Too Many Requests","detail":"処理待ちの一括更新が上限に達しています。` +
				`Retry-Afterヘッダーの秒数が経過した後に再度お試しください。","status":429}`,
		},
		{
			"another body", &noren.Error{Kind: noren.Conflict, Reason: noren.ReasonIdempotency},
			`{"type":"about:blank","title":"Conflict","detail":"このIdempotency-Keyは別の内容のリクエストで使用されています。新しいキーを指定してください。","status":409}`,
		},
		{
			"broken off", &noren.Error{Kind: noren.Invalid, Field: web.FieldBody, Message: "x"},
			badRequest("リクエストボディを最後まで読み取れませんでした。再度送信してください。"),
		},
	} {
		if got := d.Refuse(&web.Request{ID: "r1"}, tt.err); string(got.Body) != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got.Body, tt.want)
		}
	}
}
