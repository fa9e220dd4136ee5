package smaregi

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	send := func(path, key, token, body string) answer {
		return b.do(request{method: "PATCH", path: path, token: token, body: body, header: map[string]string{"Idempotency-Key": key}})
	}
	good, bad := customers(`{"customerId":"1","note":"x"}`), customers()
	steps := []struct {
		name, path, key, token, body string
		status                       int
		want                         string
		replayed                     bool
	}{
		{"first", "/customers/bulk", "k1", "a", good, 202, `{"requestId":1,`, false},
		{"again", "/customers/bulk", "k1", "a", good, 202, `{"requestId":1,`, true},
		{"again, with the contract in the path", "/" + shopA + "/pos/customers/bulk/", "k1", "a", good, 202, `{"requestId":1,`, true},
		{"another body", "/customers/bulk", "k1", "a", bad, 409, `{"type":"about:blank","title":"Conflict"`, false},
		{"another client", "/customers/bulk", "k1", "clerk", good, 202, `{"requestId":2,`, false},
		{"another tenant", "/customers/bulk", "k1", "b", good, 202, `{"requestId":1,`, false},
		{"another path", "/stock/bulk", "k1", "a", good, 400, badRequest("在庫情報は1つ以上指定してください。"), false},
		{"a refusal is kept", "/stock/bulk", "k1", "a", good, 400, badRequest("在庫情報は1つ以上指定してください。"), true},
		{"another key", "/customers/bulk", "k2", "a", good, 202, `{"requestId":3,`, false},
		{"empty", "/customers/bulk", "", "a", good, 400, badRequest("Idempotency-Keyヘッダーは1文字以上255文字以下の半角英数字と半角記号で1つだけ指定する必要があります。"), false},
		{"longest", "/customers/bulk", strings.Repeat("k", 255), "a", good, 202, `{"requestId":4,`, false},
		{"too long", "/customers/bulk", strings.Repeat("k", 256), "a", good, 400, badRequest("Idempotency-Key"), false},
		{"not ASCII", "/customers/bulk", "鍵", "a", good, 400, badRequest("Idempotency-Key"), false},
	}
	for _, s := range steps {
		a := send(s.path, s.key, s.token, s.body)
		want := strings.TrimSuffix(s.want, `","status":400}`)
		if a.status != s.status || !strings.HasPrefix(a.body, want) || (a.header.Get("Idempotent-Replayed") == "true") != s.replayed {
			t.Errorf("%s: %d %s (replayed %q)", s.name, a.status, a.body, a.header.Get("Idempotent-Replayed"))
		}
	}
	if got := b.applyLane(); len(got) != 4 {
		t.Errorf("%d requests were accepted: %q", len(got), got)
	}
	b.clock.advance(24*time.Hour + time.Second)
	b.renewTokens()
	if a := send("/customers/bulk", "k1", "a", good); !strings.HasPrefix(a.body, `{"requestId":5,`) {
		t.Errorf("after a day: %s", a.body)
	}
}

func TestPaces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	write := request{method: "PATCH", path: "/customers/bulk", token: "a", body: customers()}
	read := request{method: "GET", path: "/stores", token: "a"}
	for range 20 {
		if a := b.do(write); a.status != 400 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	over := b.do(write)
	want := `{"type":"about:blank","title":"Too Many Requests","detail":"リクエスト数の上限を超えました。` +
		`Retry-Afterヘッダーの秒数が経過した後に再度お試しください。","status":429}`
	if over.status != http.StatusTooManyRequests || over.body != want || over.header.Get("Retry-After") != "1" {
		t.Errorf("%d %v %s", over.status, over.header, over.body)
	}
	for range 50 {
		if a := b.do(read); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if a := b.do(read); a.status != http.StatusTooManyRequests {
		t.Errorf("the 51st read: %d", a.status)
	}
	for _, other := range []string{"b", "clerk"} {
		write.token = other
		if a := b.do(write); a.status != 400 {
			t.Errorf("%s is held up by others: %d %s", other, a.status, a.body)
		}
	}
	b.clock.advance(time.Second)
	write.token = "a"
	if a := b.do(write); a.status != 400 {
		t.Errorf("a second later: %d %s", a.status, a.body)
	}
}
