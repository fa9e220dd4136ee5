package noren

import "time"

// Webhook is one message that another system sent us, and what became of it. Each counts once, however often it comes.
type Webhook struct {
	Source  string // WebhookShopify
	ID      string // the source's own
	Topic   string // in the source's words, such as orders/paid
	Subject string // which order or customer it was about
	At      time.Time
	Outcome WebhookOutcome
	Detail  string // why, for people
}

// WebhookShopify is the Source of Shopify's messages, and that of the purchases they tell of.
const WebhookShopify = string(Shopify)

// WebhookOutcome is what became of a message.
type WebhookOutcome string

// The outcomes.
const (
	WebhookApplied WebhookOutcome = "applied"
	WebhookHeld    WebhookOutcome = "held"    // a purchase that waits for its customer to be linked to a member
	WebhookKnown   WebhookOutcome = "known"   // another message has said the same before
	WebhookIgnored WebhookOutcome = "ignored" // there was nothing to apply
	WebhookRefused WebhookOutcome = "refused" // it is wrong; it is judged again when it is sent again
)

// WebhookContent is what a message says, in our words: one of the fields.
type WebhookContent struct {
	Purchases []PurchaseEvent
	Link      *ShopifyLink
	Ignored   string // why there is nothing to apply
	Refused   string // why it cannot be understood
}

// ShopifyLink says which e-mail address a Shopify customer has.
type ShopifyLink struct {
	ShopifyCustomerID string
	Email             string
}
