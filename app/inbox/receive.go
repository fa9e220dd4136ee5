package inbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"noren"
	"noren/app/members"
	"noren/app/purchases"
	"noren/app/unit"
)

// Tenant returns the tenant with that contract id, and the valid secrets of that name, with which the source signs its
// webhooks. NotFound if there is no such tenant or it has no such secret. Both cases make the same database queries, so
// that the time taken does not reveal which tenants exist.
func (s *Service) Tenant(ctx context.Context, contract, name string) (noren.Tenant, []string, error) {
	missing := noren.Missing("tenant", "")
	if !noren.IsExternalID(contract) {
		return noren.Tenant{}, nil, missing
	}
	tenant, err := s.directory.TenantByContract(ctx, contract)
	if err != nil && noren.KindOf(err) != noren.NotFound {
		return noren.Tenant{}, nil, err
	}
	// Also for an unknown tenant, whose id 0 has no secret: the same queries in both cases.
	key, err := s.directory.SigningKey(ctx, tenant.ID, name)
	if err == nil && key.Secret == "" {
		err = missing
	}
	if err != nil {
		return noren.Tenant{}, nil, err
	}
	return tenant, key.Valid(s.run.Now()), nil
}

// Receive records a message from another system together with its effect, and returns the result. A message
// applied before changes nothing; a refused one is judged again. Of Caller.Client, only Dialect is needed. Invalid if
// the message has no id or topic.
func (s *Service) Receive(ctx context.Context, c noren.Caller, w noren.Webhook, content Content) (out noren.Webhook, err error) {
	for _, text := range []struct{ field, value string }{{"source", w.Source}, {"webhook id", w.ID}, {"topic", w.Topic}} {
		if !noren.IsExternalID(text.value) {
			return w, &noren.Error{Kind: noren.Invalid, Field: text.field, Message: "must be 1 to 100 characters"}
		}
	}
	if w.Subject != "" && !noren.IsExternalID(w.Subject) {
		return w, &noren.Error{Kind: noren.Invalid, Field: "subject", Message: "must be at most 100 characters"}
	}
	// Three times are enough for what passes by itself; after that Shopify sends the message again.
	for range 3 {
		err = s.run.Update(ctx, c.Tenant.ID, func(tx Tx) error {
			out, err = s.receive(ctx, tx, c, w, content)
			return err
		})
		// If two messages link the same Shopify customer at once, the second finds it linked on the next run.
		if !errors.Is(err, unit.ErrLinkedMeanwhile) && noren.KindOf(err) != noren.Conflict {
			break
		}
	}
	return out, err
}

// receive handles one message. A stored message also shows a run after a commit in doubt that its work is done.
func (s *Service) receive(ctx context.Context, tx Tx, c noren.Caller, w noren.Webhook, content Content) (noren.Webhook, error) {
	by := c.Entry(s.run.Now())
	w.At = by.At
	if content.Erase != "" {
		w.Subject = "" // the message that asks for it must not be what is left of the person
	}
	// First of all, because the row is the lock: the same message at the same time waits here.
	before, err := tx.BeginWebhook(ctx, w)
	if err != nil {
		return w, err
	}
	if before != nil && before.Outcome != noren.WebhookRefused {
		return *before, nil
	}
	u := unit.Unit{Tenant: c.Tenant, Now: by.At}
	if w.Outcome, w.Detail, err = apply(ctx, tx, u, w.Source, content, by); err != nil {
		return w, err
	}
	w.Detail = forPeople(w.Detail, maxWebhookDetail)
	return w, tx.PutWebhook(ctx, w)
}

// maxWebhookDetail is how many characters of a detail are kept, which may quote another system.
const maxWebhookDetail = 500

// forPeople turns arbitrary text into one line of at most n characters that can be stored and printed.
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

// apply applies what a message says, if it is right.
func apply(
	ctx context.Context, tx Tx, u unit.Unit, source string, content Content, by noren.AuditEntry,
) (noren.WebhookOutcome, string, error) {
	switch {
	// Recorded all the same, so that people can see in the console why nothing has come of it.
	case content.Refused != "":
		return noren.WebhookRefused, content.Refused, nil
	case content.Ignored != "":
		return noren.WebhookIgnored, content.Ignored, nil
	case content.Link != nil:
		return linkShopify(ctx, tx, u, *content.Link, by)
	case content.Merge != nil:
		return mergeShopify(ctx, tx, u, *content.Merge, by)
	case content.HandOut != "":
		return handOut(ctx, tx, content.HandOut)
	case content.Erase != "":
		return erase(ctx, tx, u, content.Erase)
	case content.Unlink:
		return unlink(ctx, tx, u, by)
	}
	results, err := purchases.Record(ctx, tx, u, source, content.Purchases, by)
	if err != nil {
		return "", "", err
	}
	outcome, detail := outcomeOf(content.Purchases, results)
	return outcome, detail, nil
}

// outcomeOf sums up the results of a message's purchases. An event that contradicts what was recorded is ignored
// instead of refused: sending it again cannot fix it, and a source disables a receiver that refuses too often.
func outcomeOf(events []noren.PurchaseEvent, results []purchases.Outcome) (noren.WebhookOutcome, string) {
	var refused noren.Refusals
	outcome, detail := noren.WebhookKnown, "already recorded"
	rank := func(o noren.WebhookOutcome) int {
		return map[noren.WebhookOutcome]int{noren.WebhookKnown: 0, noren.WebhookIgnored: 1, noren.WebhookApplied: 2, noren.WebhookHeld: 3}[o]
	}
	// Of several results in one message the one that most needs attention is reported.
	raise := func(o noren.WebhookOutcome, why string) {
		if rank(o) > rank(outcome) {
			outcome, detail = o, why
		}
	}
	for i, r := range results {
		switch {
		case r.Err != nil && r.Err.Reason == noren.ReasonDiffers:
			r.Err.Row = 0
			raise(noren.WebhookIgnored, "not applied: "+r.Err.Error())
		case r.Err != nil:
			if len(events) == 1 {
				r.Err.Row = 0
			}
			refused = append(refused, r.Err)
		case r.Result == purchases.Recorded:
			raise(noren.WebhookApplied, fmt.Sprintf("credited to member %d", r.MemberID))
		case r.Result == purchases.Held && events[i].Kind == noren.PurchasePaid:
			raise(noren.WebhookHeld, fmt.Sprintf("no member is linked to the Shopify customer %s yet", events[i].Member.ShopifyCustomerID))
		case r.Result == purchases.Held:
			raise(noren.WebhookHeld, "waiting for its purchase to be recorded and credited to a member")
		}
	}
	if len(refused) > 0 {
		return noren.WebhookRefused, refused.Error()
	}
	return outcome, detail
}

// linkShopify links the Shopify customer to the only member with its e-mail address, unless it is already linked.
// Members who left or were merged do not count.
func linkShopify(ctx context.Context, tx Tx, u unit.Unit, link ShopifyLink, by noren.AuditEntry) (noren.WebhookOutcome, string, error) {
	if !noren.IsExternalID(link.ShopifyCustomerID) {
		return noren.WebhookRefused, "customer: must be 1 to 100 characters", nil
	}
	if link.Email != "" && !(noren.MemberKey{Email: link.Email}).Valid() {
		return noren.WebhookIgnored, "not an e-mail address that a member can have", nil
	}
	// By both keys in one statement: members are locked in order of their ids, never one after the other.
	refs, err := tx.LockMembers(ctx, noren.MemberQuery{ShopifyIDs: []string{link.ShopifyCustomerID}, Emails: nonEmpty(link.Email)})
	if err != nil {
		return "", "", err
	}
	ids := make([]int64, len(refs))
	for i, m := range refs {
		if ids[i] = m.ID; noren.Deref(m.ShopifyCustomerID) == link.ShopifyCustomerID {
			return noren.WebhookKnown, fmt.Sprintf("member %d is linked to this Shopify customer already", m.ID), nil
		}
	}
	if link.Email == "" {
		return noren.WebhookIgnored, "the Shopify customer has no e-mail address to find a member by", nil
	}
	stored, err := tx.MembersByID(ctx, ids, true)
	if err != nil {
		return "", "", err
	}
	patch := noren.MemberPatch{ShopifyCustomerID: noren.Set(link.ShopifyCustomerID)}
	in, err := members.PatchContext(ctx, tx, u, nil, members.NamedBy([]noren.MemberPatch{patch})) // another system sees the whole tenant
	if err != nil {
		return "", "", err
	}
	var having int
	var free []noren.MemberChange
	for _, m := range stored {
		// Once more under the lock: what was found may have changed before it was locked.
		if !m.Status.Checked() || noren.FoldEmail(noren.Deref(m.Email)) != noren.FoldEmail(link.Email) {
			continue
		}
		// Counted before it is asked whether the member is free: a second member with the address makes it ambiguous in
		// any case.
		having++
		if noren.Deref(m.ShopifyCustomerID) != "" {
			continue
		}
		after, broken := patch.Apply(m, in)
		if len(broken) > 0 {
			return noren.WebhookRefused, fmt.Sprintf("member %d: %s", m.ID, noren.MemberWords[broken[0].Reason]), nil
		}
		free = append(free, noren.MemberChange{Before: m, After: after})
	}
	switch {
	case having == 0:
		return noren.WebhookIgnored, "no member has this e-mail address", nil
	case having > 1:
		return noren.WebhookIgnored, fmt.Sprintf("%d members have this e-mail address; link one by hand", having), nil
	case len(free) == 0:
		return noren.WebhookIgnored, "the member with this e-mail address is linked to another Shopify customer", nil
	}
	if err := members.Change(ctx, tx, u, free, by); err != nil {
		return "", "", err
	}
	return noren.WebhookApplied, fmt.Sprintf("linked to member %d", free[0].After.ID), nil
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// List returns the messages from other systems, newest first. Forbidden for a caller restricted to one store,
// because a message may be about any member.
func (s *Service) List(ctx context.Context, c noren.Caller, f noren.WebhookFilter) (out noren.List[noren.Webhook], err error) {
	if err := c.WholeTenant(); err != nil {
		return out, err
	}
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		out.Items, out.Total, err = tx.Webhooks(ctx, f)
		return err
	})
	return out, err
}

// Content is the content of a message in our words. Exactly one field is set.
type Content struct {
	Purchases []noren.PurchaseEvent
	Link      *ShopifyLink
	Merge     *ShopifyMerge
	HandOut   string // the Shopify customer who asked for their data
	Erase     string // the Shopify customer to erase
	Unlink    bool   // the shop has removed the app: what links members to its customers goes
	Ignored   string // why there is nothing to apply
	Refused   string // what is wrong with the message
}

// ShopifyLink says which e-mail address a Shopify customer has.
type ShopifyLink struct {
	ShopifyCustomerID string
	Email             string
}
