package shopify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"noren"
	"noren/web"
)

// The headers that are read. What else Shopify sends, such as the shop's domain, is not covered by the signature.
const (
	headerSignature = "X-Shopify-Hmac-Sha256"
	headerTopic     = "X-Shopify-Topic"
	headerID        = "X-Shopify-Webhook-Id" // the same each time that a message is sent again
)

// receive takes one message. Nothing of it is read before its sender is proven.
func (d *Dialect) receive(ctx context.Context, x *web.Request) (web.Answer, error) {
	tenant, err := d.prove(ctx, x)
	if err != nil {
		return web.Answer{}, err
	}
	x.Caller = noren.Caller{Tenant: tenant, Client: noren.Client{Dialect: noren.Shopify}, RequestID: x.ID}
	for _, name := range []string{headerID, headerTopic} {
		if x.HTTP.Header.Get(name) == "" {
			return web.Answer{}, &noren.Error{Kind: noren.Invalid, Field: name, Message: "the header is missing"}
		}
	}
	w := noren.Webhook{Source: noren.WebhookShopify, ID: x.HTTP.Header.Get(headerID), Topic: x.HTTP.Header.Get(headerTopic)}
	var content noren.WebhookContent
	w.Subject, content = read(w.Topic, x.Body, tenant.Currency)
	if w, err = d.service.ReceiveWebhook(ctx, x.Caller, w, content); err != nil {
		return web.Answer{}, err
	}
	status := http.StatusOK
	if w.Outcome == noren.WebhookRefused {
		status = http.StatusUnprocessableEntity
	}
	return answer(status, string(w.Outcome), w.Detail), nil
}

// prove finds the tenant that the path names, and checks that the body was signed with its secret. A tenant that does
// not exist, and one that has no secret, answer as a wrong signature does.
func (d *Dialect) prove(ctx context.Context, x *web.Request) (noren.Tenant, error) {
	tenant, secret, err := d.service.WebhookTenant(ctx, x.Claim.Contract, noren.SigningKeyShopify)
	if err != nil && noren.KindOf(err) != noren.NotFound {
		return noren.Tenant{}, err
	}
	// The sum is made in any case, so that the time of an answer does not tell who is a tenant.
	signed := hmac.Equal(sign(secret, x.Body), signature(x.HTTP.Header))
	if !signed || secret == "" {
		return noren.Tenant{}, forged()
	}
	return tenant, nil
}

// sign is the signature of a body.
func sign(secret string, body []byte) []byte {
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write(body)
	return sum.Sum(nil)
}

// signature reads the header; nil where it is not base64.
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
