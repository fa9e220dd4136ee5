package shopify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"noren"
	"noren/app/inbox"
	"noren/web"
)

// The headers that are read. Others that Shopify sends, such as the shop's domain, are not covered by the signature.
const (
	headerSignature = "X-Shopify-Hmac-Sha256"
	headerTopic     = "X-Shopify-Topic"
	headerID        = "X-Shopify-Webhook-Id" // the same each time that a message is sent again
)

// receive handles one message. It does not parse the body before the sender is authenticated.
func (d *Dialect) receive(ctx context.Context, x *web.Request) (web.Answer, error) {
	tenant, err := d.prove(ctx, x)
	if err != nil {
		return web.Answer{}, err
	}
	// From here on the log and the audit log name the tenant; before, nobody was known.
	x.Caller = noren.Caller{Tenant: tenant, Client: noren.Client{Dialect: noren.Shopify}, RequestID: x.ID}
	for _, name := range []string{headerID, headerTopic} {
		if x.HTTP.Header.Get(name) == "" {
			return web.Answer{}, &noren.Error{Kind: noren.Invalid, Field: name, Message: "the header is missing"}
		}
	}
	w := noren.Webhook{Source: noren.WebhookShopify, ID: x.HTTP.Header.Get(headerID), Topic: x.HTTP.Header.Get(headerTopic)}
	var content inbox.Content
	// A message that cannot be read is recorded as well: people look for it in the console.
	w.Subject, content = read(w.Topic, x.Body, tenant.Currency)
	if w, err = d.rooms.Inbox.Receive(ctx, x.Caller, w, content); err != nil {
		return web.Answer{}, err
	}
	status := http.StatusOK
	if w.Outcome == noren.WebhookRefused {
		status = http.StatusUnprocessableEntity
	}
	return answer(status, string(w.Outcome), w.Detail), nil
}

// prove finds the tenant in the path, and checks that the body was signed with its secret. A tenant that does not exist
// or has no secret gets the same response as a wrong signature.
func (d *Dialect) prove(ctx context.Context, x *web.Request) (noren.Tenant, error) {
	tenant, secrets, err := d.rooms.Inbox.Tenant(ctx, x.Claim.Contract, noren.SigningKeyShopify)
	if err != nil && noren.KindOf(err) != noren.NotFound {
		return noren.Tenant{}, err
	}
	// The signature is computed in any case, so that the response time does not reveal which tenants exist.
	if len(secrets) == 0 {
		sign("", x.Body)
	}
	for _, secret := range secrets {
		// Constant in time, so that a signature cannot be guessed byte by byte. There are two secrets while one is
		// being replaced.
		if hmac.Equal(sign(secret, x.Body), signature(x.HTTP.Header)) {
			return tenant, nil
		}
	}
	return noren.Tenant{}, forged()
}

// sign returns the signature of a body.
func sign(secret string, body []byte) []byte {
	sum := hmac.New(sha256.New, []byte(secret))
	// A hash never returns an error.
	sum.Write(body)
	return sum.Sum(nil)
}

// signature reads the header; nil if it is not base64.
func signature(h http.Header) []byte {
	sum, err := base64.StdEncoding.DecodeString(h.Get(headerSignature))
	if err != nil {
		return nil
	}
	return sum
}

func forged() error {
	return &noren.Error{Kind: noren.Unauthenticated, Message: "the body is not signed with the shop's webhook secret"}
}
