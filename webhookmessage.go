package noren

import (
	"context"
	"time"
)

// Webhook is one message from another system, and its result. It takes effect once, however often it is sent.
type Webhook struct {
	Source  string // WebhookShopify
	ID      string // assigned by the source
	Topic   string // in the source's words, such as orders/paid
	Subject string // which order or customer it was about
	At      time.Time
	Outcome WebhookOutcome
	Detail  string // the reason, for people
}

// WebhookShopify is the Source of Shopify's messages and of the purchases in them.
const WebhookShopify = string(Shopify)

// WebhookOutcome is the result of a message.
type WebhookOutcome string

// The outcomes.
const (
	WebhookApplied WebhookOutcome = "applied"
	WebhookHeld    WebhookOutcome = "held"    // a purchase that waits for its customer to be linked to a member
	WebhookKnown   WebhookOutcome = "known"   // another message said the same before
	WebhookIgnored WebhookOutcome = "ignored" // there was nothing to apply
	WebhookRefused WebhookOutcome = "refused" // wrong; judged again when it is sent again
)

// WebhookTx reads and writes the messages of other systems.
type WebhookTx interface {
	// BeginWebhook records that the message has arrived, which keeps others from working on the same message until the
	// commit. It returns the earlier result if the message came before, and nil if it is new; then PutWebhook must follow.
	BeginWebhook(ctx context.Context, w Webhook) (before *Webhook, err error)
	// PutWebhook stores the result of a message, and replaces an earlier one.
	PutWebhook(ctx context.Context, w Webhook) error
	// SweepWebhooks removes at most limit messages that arrived before that time, and returns how many.
	SweepWebhooks(ctx context.Context, before time.Time, limit int) (int, error)
	// Webhooks returns one page, newest first.
	Webhooks(ctx context.Context, f WebhookFilter) ([]Webhook, int, error)
}

// WebhookFilter selects messages.
type WebhookFilter struct {
	Outcome WebhookOutcome // "": any
	Page
}
