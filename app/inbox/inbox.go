// Package inbox takes in what other systems report of their own accord, such as Shopify's webhooks. Each message counts
// once, however often it arrives.
package inbox

import (
	"cmp"
	"context"
	"time"

	"noren"
	"noren/app/members"
	"noren/app/privacy"
	"noren/app/unit"
)

// Tx is the part of a transaction that messages take.
type Tx interface {
	members.Tx
	privacy.Tx
	noren.WebhookTx
}

// Directory is what is looked up before a tenant is known.
type Directory interface {
	noren.TenantDirectory
	noren.ClientDirectory
}

// Service has the use cases of messages. It is safe for concurrent use.
type Service struct {
	run       unit.Room[Tx]
	directory Directory
	kept      time.Duration // less than 0: for good
}

// New makes a Service. kept is how long messages stay stored: 0 for Kept, less for good.
func New(run *unit.Runner, directory Directory, kept time.Duration) *Service {
	return &Service{unit.In[Tx](run), directory, cmp.Or(kept, Kept)}
}

// Kept is how long messages stay stored by default: much longer than any source sends one again.
const Kept = 90 * 24 * time.Hour

// sweptMessages is how many messages one transaction of Sweep removes.
const sweptMessages = 500

// Sweep removes the tenant's messages that arrived long ago, and returns how many: a bounded number.
func (s *Service) Sweep(ctx context.Context, t noren.Tenant) (swept int, err error) {
	kept := t.Keep.Webhooks.Or(s.kept)
	// They are kept for good.
	if kept < 0 {
		return 0, nil
	}
	err = s.run.Update(ctx, t.ID, func(tx Tx) error {
		swept, err = tx.SweepWebhooks(ctx, s.run.Now().Add(-kept), sweptMessages)
		return err
	})
	return swept, err
}
