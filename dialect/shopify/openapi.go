package shopify

import (
	"net/http"

	"noren"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// spec describes the only endpoint. Shopify defines what messages look like; the schema has the fields that are read.
// There is no rate limit of what is signed: Shopify sends as fast as customers buy, and would count a 429 as a failed delivery.
func (d *Dialect) spec(version string) dialect.Spec {
	return dialect.Spec{
		Name: noren.Shopify, Title: "Noren: webhooks of Shopify, inwards", Version: version,
		Description: "What Shopify posts when orders are paid, cancelled or refunded, and when customers change. See dialect/shopify/README.md.",
		Schemas:     []wire.Property{wire.Prop("Message", messageSchema())},
		Security: []wire.Pair{wire.P("signature", wire.Map{
			wire.P("type", "apiKey"), wire.P("in", "header"), wire.P("name", headerSignature),
			wire.P("description", "Base64 of the HMAC-SHA256 of the body's bytes with the tenant's shopify.webhook_secret"),
		})},
		Names:     []wire.Parameter{{Name: "tenant", Schema: wire.TextSchema("Contract id")}},
		Endpoints: []dialect.Endpoint{d.endpoint()},
	}
}

// endpoint is public because the sender is authenticated by a signature of the body, which the handler checks before it
// uses the body.
func (d *Dialect) endpoint() dialect.Endpoint {
	topic := wire.TextSchema("Others get a 200 and are ignored")
	for _, name := range topics() {
		topic.Enum = append(topic.Enum, name)
	}
	return dialect.Write(http.MethodPost, pathPrefix+"/{tenant}", web.Signed(), d.receive).
		Says("receiveWebhook", "Take a message of Shopify's").ProvenBy("signature").
		Asks(
			wire.Parameter{Name: headerID, In: "header", Schema: wire.TextSchema(""), Details: "Required. Each id counts once"},
			wire.Parameter{Name: headerTopic, In: "header", Schema: topic, Details: "Required"},
		).
		Takes(wire.JSONContent(wire.Reference("Message"))).
		Returns(
			outcomes(http.StatusOK, "Recorded. Sending it again changes nothing", string(noren.WebhookApplied),
				string(noren.WebhookHeld), string(noren.WebhookKnown), string(noren.WebhookIgnored)),
			outcomes(http.StatusUnprocessableEntity, "Recorded as refused. It is judged again when it is sent again", string(noren.WebhookRefused)),
			outcomes(http.StatusBadRequest, "A header is missing; nothing was recorded", outcomeInvalid),
			outcomes(http.StatusUnauthorized, "The signature is wrong, or there is no such tenant, or it has no secret", outcomeForged),
			outcomes(http.StatusConflict, "Other messages about the same are under way", outcomeBusy),
			outcomes(http.StatusTooManyRequests, "Too many wrong signatures from this address, and this one is wrong too", outcomeBusy),
			outcomes(http.StatusRequestEntityTooLarge, "The body is over 4 MiB", outcomeTooLarge),
			outcomes(http.StatusInternalServerError, "A mistake of the server's", outcomeFailed),
			outcomes(http.StatusServiceUnavailable, "The database cannot take it now", outcomeUnavailable),
		)
}

// outcomes describes the response of a status by the outcomes that it can name.
func outcomes(status int, details string, names ...string) wire.Response {
	outcome := &wire.Schema{Types: []string{"string"}}
	for _, name := range names {
		outcome.Enum = append(outcome.Enum, name)
	}
	return wire.Response{Status: status, Details: details, Content: wire.JSONContent(wire.ObjectOf(
		wire.Prop("outcome", outcome), wire.Prop("detail", wire.TextSchema("For people")),
	))}
}

// messageSchema has every field that is read from any message. Which ones are required depends on the topic.
func messageSchema() *wire.Schema {
	instant := func(description string) *wire.Schema {
		s := wire.TextSchema(description)
		s.Format = "date-time"
		return s.OrNull()
	}
	customer := &wire.Schema{
		Types: []string{"object"}, Description: "orders/…: null for a guest",
		Properties: []wire.Property{wire.Prop("id", wire.IntegerSchema("Of the customer"))},
	}
	s := &wire.Schema{Types: []string{"object"}, Description: "An order, refund or customer, as far as it is read"}
	s.Properties = []wire.Property{
		wire.Prop("id", wire.IntegerSchema("Of the order, refund or customer")),
		wire.Prop("order_id", wire.IntegerSchema("refunds/create: of the order")),
		wire.Prop("currency", wire.TextSchema("orders/paid: the shop's currency")),
		wire.Prop("total_price", wire.TextSchema("orders/paid: what was paid, with tax and shipping")),
		wire.Prop("processed_at", instant("orders/paid: when it was paid")),
		wire.Prop("created_at", instant("orders/paid: when it was paid, where processed_at is null; refunds/create: when it was made")),
		wire.Prop("test", wire.FlagSchema("orders/…: a test order counts for nothing").OrNull()),
		wire.Prop("customer", customer.OrNull()),
		wire.Prop("transactions", wire.ArrayOf(&wire.Schema{Types: []string{"object"}, Properties: []wire.Property{
			wire.Prop("kind", wire.TextSchema("refund counts")), wire.Prop("status", wire.TextSchema("success counts")),
			wire.Prop("amount", wire.TextSchema("")), wire.Prop("currency", wire.TextSchema("")), wire.Prop("test", wire.FlagSchema("").OrNull()),
		}})),
		wire.Prop("email", wire.TextSchema("customers/…: by which a member is found").OrNull()),
		wire.Prop("verified_email", wire.FlagSchema("customers/…: false links nobody").OrNull()),
	}
	return s
}
