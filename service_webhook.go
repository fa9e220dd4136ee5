package noren

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// WebhookTenant answers the tenant with that contract id and the secret that the source of webhooks signs with, which
// has that name. NotFound where there is no such tenant, or it has no such secret. The same is asked of the database in
// either case, so that the time that an answer takes does not tell who is a tenant.
func (s *Service) WebhookTenant(ctx context.Context, contract, name string) (Tenant, string, error) {
	missing := notFound("tenant", "")
	if !isExternalID(contract) {
		return Tenant{}, "", missing
	}
	tenant, err := s.engine.TenantByContract(ctx, contract)
	if err != nil && KindOf(err) != NotFound {
		return Tenant{}, "", err
	}
	secret, err := s.engine.SigningKey(ctx, tenant.ID, name)
	if err == nil && secret == "" {
		err = missing
	}
	if err != nil {
		return Tenant{}, "", err
	}
	return tenant, secret, nil
}

// ReceiveWebhook records a message of another system with its effect, and answers what became of it. A message that was
// applied before changes nothing; one that was refused is judged again. Caller.Client need only have its Dialect.
// Invalid where the message has no id or topic.
func (s *Service) ReceiveWebhook(ctx context.Context, c Caller, w Webhook, content WebhookContent) (out Webhook, err error) {
	for _, text := range []struct{ field, value string }{{"source", w.Source}, {"webhook id", w.ID}, {"topic", w.Topic}} {
		if !isExternalID(text.value) {
			return w, &Error{Kind: Invalid, Field: text.field, Message: "1 to 100 characters are needed"}
		}
	}
	if w.Subject != "" && !isExternalID(w.Subject) {
		return w, &Error{Kind: Invalid, Field: "subject", Message: "at most 100 characters are allowed"}
	}
	for range 3 {
		err = s.engine.Update(ctx, c.Tenant.ID, func(tx Tx) error {
			out, err = s.receiveWebhook(ctx, tx, c, w, content)
			return err
		})
		// Of two who link the same Shopify customer at once, the second finds it linked when it looks again.
		if !errors.Is(err, errLinkedMeanwhile) && KindOf(err) != Conflict {
			break
		}
	}
	return out, err
}

// receiveWebhook works on one message. That it has been stored is also how a run after a commit in doubt knows that its
// work is done.
func (s *Service) receiveWebhook(ctx context.Context, tx Tx, c Caller, w Webhook, content WebhookContent) (Webhook, error) {
	by := c.entry(s.now())
	w.At = by.At
	before, err := tx.BeginWebhook(ctx, w)
	if err != nil {
		return w, err
	}
	if before != nil && before.Outcome != WebhookRefused {
		return *before, nil
	}
	l := lane{tx: tx, tenant: c.Tenant, now: by.At}
	if w.Outcome, w.Detail, err = l.applyWebhook(ctx, w.Source, content, by); err != nil {
		return w, err
	}
	w.Detail = forPeople(w.Detail, maxWebhookDetail)
	return w, tx.PutWebhook(ctx, w)
}

// maxWebhookDetail is how many characters of a detail are kept. It may quote what another system sent.
const maxWebhookDetail = 500

// forPeople makes a text that may hold anything one line of at most n characters that can be stored and printed.
func forPeople(s string, n int) string {
	runes := []rune(strings.ToValidUTF8(s, string(utf8.RuneError)))
	if len(runes) > n {
		runes = append(runes[:n-1], '…')
	}
	for i, r := range runes {
		if unicode.IsControl(r) {
			runes[i] = utf8.RuneError
		}
	}
	return string(runes)
}

// applyWebhook applies what a message says, as far as it is right.
func (l lane) applyWebhook(ctx context.Context, source string, content WebhookContent, by AuditEntry) (WebhookOutcome, string, error) {
	switch {
	case content.Refused != "":
		return WebhookRefused, content.Refused, nil
	case content.Ignored != "":
		return WebhookIgnored, content.Ignored, nil
	case content.Link != nil:
		return l.linkShopify(ctx, *content.Link, by)
	}
	results, err := l.recordPurchases(ctx, source, content.Purchases, by)
	if err != nil {
		return "", "", err
	}
	outcome, detail := webhookOutcome(content.Purchases, results)
	return outcome, detail, nil
}

// webhookOutcome sums up what became of the purchases that a message told of. One that contradicts what was recorded is
// not refused but passed over: sending it again cannot mend that, and a source takes many refusals for a dead receiver.
func webhookOutcome(events []PurchaseEvent, results []PurchaseOutcome) (WebhookOutcome, string) {
	var refused Refusals
	outcome, detail := WebhookKnown, "it was recorded before"
	rank := func(o WebhookOutcome) int {
		return map[WebhookOutcome]int{WebhookKnown: 0, WebhookIgnored: 1, WebhookApplied: 2, WebhookHeld: 3}[o]
	}
	raise := func(o WebhookOutcome, why string) {
		if rank(o) > rank(outcome) {
			outcome, detail = o, why
		}
	}
	for i, r := range results {
		switch {
		case r.Err != nil && r.Err.Reason == ReasonDiffers:
			r.Err.Row = 0
			raise(WebhookIgnored, "what was recorded stays: "+r.Err.Error())
		case r.Err != nil:
			if len(events) == 1 {
				r.Err.Row = 0
			}
			refused = append(refused, r.Err)
		case r.Result == PurchaseRecorded:
			raise(WebhookApplied, fmt.Sprintf("credited to member %d", r.MemberID))
		case r.Result == PurchaseHeld && events[i].Kind == PurchasePaid:
			raise(WebhookHeld, fmt.Sprintf("no member is linked to the Shopify customer %s yet", events[i].Member.ShopifyCustomerID))
		case r.Result == PurchaseHeld:
			raise(WebhookHeld, "it counts when its purchase has been recorded and credited to a member")
		}
	}
	if len(refused) > 0 {
		return WebhookRefused, refused.Error()
	}
	return outcome, detail
}

// linkShopify links the Shopify customer to the one member that has its e-mail address, unless it is linked already.
// Members who are gone do not count.
func (l lane) linkShopify(ctx context.Context, link ShopifyLink, by AuditEntry) (WebhookOutcome, string, error) {
	if !isExternalID(link.ShopifyCustomerID) {
		return WebhookRefused, "customer: an id of 1 to 100 characters is needed", nil
	}
	if link.Email != "" && !(MemberKey{Email: link.Email}).valid() {
		return WebhookIgnored, "no member can have this e-mail address", nil
	}
	refs, err := l.tx.LockMembers(ctx, MemberQuery{ShopifyIDs: []string{link.ShopifyCustomerID}, Emails: nonEmpty(link.Email)})
	if err != nil {
		return "", "", err
	}
	ids := make([]int64, len(refs))
	for i, m := range refs {
		if ids[i] = m.ID; deref(m.ShopifyCustomerID) == link.ShopifyCustomerID {
			return WebhookKnown, fmt.Sprintf("member %d is linked to this Shopify customer already", m.ID), nil
		}
	}
	if link.Email == "" {
		return WebhookIgnored, "the Shopify customer has no e-mail address to find a member by", nil
	}
	members, err := l.tx.MembersByID(ctx, ids, true)
	if err != nil {
		return "", "", err
	}
	var having int
	var free []MemberChange
	for _, m := range members {
		if !m.Status.checked() || FoldEmail(deref(m.Email)) != FoldEmail(link.Email) {
			continue
		}
		having++
		if deref(m.ShopifyCustomerID) == "" {
			change := MemberChange{m, m}
			change.After.ShopifyCustomerID = &link.ShopifyCustomerID
			free = append(free, change)
		}
	}
	switch {
	case having == 0:
		return WebhookIgnored, "no member has this e-mail address", nil
	case having > 1:
		return WebhookIgnored, fmt.Sprintf("%d members have this e-mail address; link one of them by hand", having), nil
	case len(free) == 0:
		return WebhookIgnored, "the member with this e-mail address is linked to another Shopify customer", nil
	}
	if err := l.writeMembers(ctx, free, by); err != nil {
		return "", "", err
	}
	return WebhookApplied, fmt.Sprintf("linked to member %d", free[0].After.ID), nil
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
