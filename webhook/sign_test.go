package webhook_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"pgregory.net/rapid"

	"noren/webhook"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// TestSignKnownAnswer holds the example that the specification's libraries share.
func TestSignKnownAnswer(t *testing.T) {
	t.Parallel()
	got, err := webhook.Sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("Sign = %q, %v; want %q", got, err, want)
	}
}

// TestSignAgreesWithTheLibrary checks both directions against the reference implementation.
func TestSignAgreesWithTheLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(t, "key")
		id := rapid.StringMatching(`[a-z0-9_-]{1,40}`).Draw(t, "id")
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		now := time.Now()
		own := "whsec_" + base64.StdEncoding.EncodeToString(key)

		signature, err := webhook.Sign(own, id, now, body)
		if err != nil {
			t.Fatal(err)
		}
		library, err := standardwebhooks.NewWebhook(own)
		if err != nil {
			t.Fatal(err)
		}
		if err := library.Verify(body, signed(id, now, signature)); err != nil {
			t.Errorf("the library refuses our signature: %v", err)
		}
		theirs, err := library.Sign(id, now, body)
		if err != nil {
			t.Fatal(err)
		}
		if err := webhook.Verify(own, signed(id, now, theirs), body, now); err != nil {
			t.Errorf("we refuse the library's signature: %v", err)
		}
	})
}

func TestVerify(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	body := []byte(`{"requestId":700}`)
	good, err := webhook.Sign(secret, "bulk-1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	other, err := webhook.Sign("whsec_AAAA", "bulk-1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		header http.Header
		body   string
		now    time.Time
		want   error
	}{
		"as signed":                {signed("bulk-1", now, good), string(body), now, nil},
		"among others":             {signed("bulk-1", now, "v2,xxxx v1,%% v1a,AAAA "+other+" "+good), string(body), now, nil},
		"just within tolerance":    {signed("bulk-1", now, good), string(body), now.Add(webhook.Tolerance), nil},
		"too old":                  {signed("bulk-1", now, good), string(body), now.Add(webhook.Tolerance + time.Second), webhook.ErrTimestamp},
		"from the future":          {signed("bulk-1", now, good), string(body), now.Add(-webhook.Tolerance - time.Second), webhook.ErrTimestamp},
		"another body":             {signed("bulk-1", now, good), string(body) + " ", now, webhook.ErrSignature},
		"another id":               {signed("bulk-2", now, good), string(body), now, webhook.ErrSignature},
		"another time":             {signed("bulk-1", now.Add(time.Second), good), string(body), now, webhook.ErrSignature},
		"another secret":           {signed("bulk-1", now, other), string(body), now, webhook.ErrSignature},
		"another version":          {signed("bulk-1", now, strings.Replace(good, "v1", "v2", 1)), string(body), now, webhook.ErrSignature},
		"no signature":             {signed("bulk-1", now, ""), string(body), now, webhook.ErrHeaders},
		"no id":                    {signed("", now, good), string(body), now, webhook.ErrHeaders},
		"timestamp is not numeric": {http.Header{"Webhook-Id": {"a"}, "Webhook-Timestamp": {"soon"}, "Webhook-Signature": {good}}, string(body), now, webhook.ErrHeaders},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := webhook.Verify(secret, c.header, []byte(c.body), c.now); !errors.Is(err, c.want) {
				t.Errorf("Verify = %v, want %v", err, c.want)
			}
		})
	}
}

func TestSecretForm(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "whsec_", "whsec_***", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "secret"} {
		if _, err := webhook.Sign(bad, "a", time.Unix(0, 0), nil); err == nil {
			t.Errorf("Sign takes the secret %q", bad)
		}
		if err := webhook.Verify(bad, signed("a", time.Unix(0, 0), "v1,AAAA"), nil, time.Unix(0, 0)); err == nil {
			t.Errorf("Verify takes the secret %q", bad)
		}
	}
}

func signed(id string, at time.Time, signature string) http.Header {
	h := http.Header{}
	h.Set(webhook.HeaderID, id)
	h.Set(webhook.HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(webhook.HeaderSignature, signature)
	return h
}
