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
		return b.Do(request{Method: "PATCH", Path: path, As: token, Body: body, Header: map[string]string{"Idempotency-Key": key}})
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
		if a.Status != s.status || !strings.HasPrefix(a.Body, want) || (a.Header.Get("Idempotent-Replayed") == "true") != s.replayed {
			t.Errorf("%s: %d %s (replayed %q)", s.name, a.Status, a.Body, a.Header.Get("Idempotent-Replayed"))
		}
	}
	if got := b.ApplyLane(shopA); len(got) != 4 {
		t.Errorf("%d requests were accepted: %q", len(got), got)
	}
	b.Clock.Advance(24*time.Hour + time.Second)
	b.renewTokens()
	if a := send("/customers/bulk", "k1", "a", good); !strings.HasPrefix(a.Body, `{"requestId":5,`) {
		t.Errorf("after a day: %s", a.Body)
	}
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	write := request{Method: "PATCH", Path: "/customers/bulk", As: "a", Body: customers()}
	read := request{Method: "GET", Path: "/stores", As: "a"}
	for range 20 {
		if a := b.Do(write); a.Status != 400 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	over := b.Do(write)
	want := `{"type":"about:blank","title":"Too Many Requests","detail":"リクエスト数の上限を超えました。` +
		`Retry-Afterヘッダーの秒数が経過した後に再度お試しください。","status":429}`
	if over.Status != http.StatusTooManyRequests || over.Body != want || over.Header.Get("Retry-After") != "1" {
		t.Errorf("%d %v %s", over.Status, over.Header, over.Body)
	}
	for range 50 {
		if a := b.Do(read); a.Status != 200 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	if a := b.Do(read); a.Status != http.StatusTooManyRequests {
		t.Errorf("the 51st read: %d", a.Status)
	}
	for _, other := range []string{"b", "clerk"} {
		write.As = other
		if a := b.Do(write); a.Status != 400 {
			t.Errorf("%s is held up by others: %d %s", other, a.Status, a.Body)
		}
	}
	b.Clock.Advance(time.Second)
	write.As = "a"
	if a := b.Do(write); a.Status != 400 {
		t.Errorf("a second later: %d %s", a.Status, a.Body)
	}
}
