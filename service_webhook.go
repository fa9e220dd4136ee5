package noren

import (
	"context"
	"fmt"
)

// ReceiveWebhook records a message of another system with its effect, and answers what became of it. A message that was
// applied before changes nothing; one that was refused is judged again. Caller.Client need only have its Dialect.
func (s *Service) ReceiveWebhook(ctx context.Context, c Caller, w Webhook, content WebhookContent) (Webhook, error) {
	for field, text := range map[string]string{"webhook id": w.ID, "topic": w.Topic, "subject": w.Subject} {
		if len(text) > maxExternalID || text == "" && field != "subject" {
			return w, &Error{Kind: Invalid, Field: field, Value: text, Message: "1 to 100 bytes are needed"}
		}
	}
	var out Webhook
	_, err := s.write(ctx, c, nil, func(tx Tx, by AuditEntry) (any, error) {
		out = w
		out.At = by.At
		before, err := tx.WebhookByID(ctx, w.Source, w.ID)
		if err != nil {
			return nil, err
		}
		if before != nil && before.Outcome != WebhookRefused {
			out = *before
			return nil, nil
		}
		l := lane{tx: tx, tenant: c.Tenant, now: by.At}
		if out.Outcome, out.Detail, err = l.applyWebhook(ctx, w.Source, content, by); err != nil {
			return nil, err
		}
		return nil, tx.PutWebhook(ctx, out)
	})
	return out, err
}

// applyWebhook applies what a message says, as far as it is right.
func (l lane) applyWebhook(ctx context.Context, source string, content WebhookContent, by AuditEntry) (outcome WebhookOutcome, detail string, err error) {
	outcome = WebhookApplied
	if content.Ignored != "" {
		outcome, detail = WebhookIgnored, content.Ignored
	}
	if content.Link != nil {
		if outcome, detail, err = l.linkShopify(ctx, *content.Link, by); err != nil {
			return outcome, detail, err
		}
	}
	if len(content.Purchases) == 0 {
		return outcome, detail, nil
	}
	results, err := l.recordPurchases(ctx, source, content.Purchases, by)
	if err != nil {
		return outcome, detail, err
	}
	var refused Refusals
	for _, r := range results {
		switch {
		case r.Err != nil:
			refused = append(refused, r.Err)
		case r.Result == PurchaseHeld:
			outcome, detail = WebhookHeld, "no member is linked to this Shopify customer yet"
		}
	}
	if len(refused) > 0 {
		return WebhookRefused, refused.Error(), nil
	}
	return outcome, detail, nil
}

// linkShopify links the Shopify customer to the one member that has its e-mail address, unless it is linked already.
func (l lane) linkShopify(ctx context.Context, link ShopifyLink, by AuditEntry) (WebhookOutcome, string, error) {
	refs, err := l.tx.LockMembers(ctx, MemberQuery{ShopifyIDs: []string{link.ShopifyCustomerID}, Emails: nonEmpty(link.Email)})
	if err != nil {
		return "", "", err
	}
	var free []int64
	for _, m := range refs {
		switch deref(m.ShopifyCustomerID) {
		case link.ShopifyCustomerID:
			return WebhookIgnored, fmt.Sprintf("member %d is linked to this Shopify customer already", m.ID), nil
		case "":
			free = append(free, m.ID)
		}
	}
	switch {
	case link.Email == "":
		return WebhookIgnored, "the Shopify customer has no e-mail address to find a member by", nil
	case len(free) == 0 && len(refs) > 0:
		return WebhookIgnored, "the member with this e-mail address is linked to another Shopify customer", nil
	case len(free) == 0:
		return WebhookIgnored, "no member has this e-mail address", nil
	case len(free) > 1:
		return WebhookIgnored, fmt.Sprintf("%d members have this e-mail address; link one of them by hand", len(free)), nil
	}
	members, err := l.tx.MembersByID(ctx, free, true)
	if err != nil {
		return "", "", err
	}
	changes := make([]MemberChange, len(members))
	for i, m := range members {
		changes[i] = MemberChange{m, m}
		changes[i].After.ShopifyCustomerID = &link.ShopifyCustomerID
	}
	if err := l.writeMembers(ctx, changes, by); err != nil {
		return "", "", err
	}
	return WebhookApplied, fmt.Sprintf("linked to member %d", free[0]), nil
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// Webhooks answers what other systems told us, newest first.
func (s *Service) Webhooks(ctx context.Context, c Caller, f WebhookFilter) (out List[Webhook], err error) {
	if c.Client.StoreID != nil {
		return out, &Error{Kind: Forbidden, Reason: ReasonScope, Message: "a user who is bound to a store does not see webhooks"}
	}
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		out.Items, out.Total, err = tx.Webhooks(ctx, f)
		return err
	})
	return out, err
}
