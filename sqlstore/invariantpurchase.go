package sqlstore

import (
	"context"

	"noren"
	"noren/sharding"
)

// earningInvariants tie the points that purchases earned to the ledger.
func earningInvariants() []invariant {
	return []invariant{{
		name:    "every purchase was granted the points that it earned, once",
		checked: "purchases",
		// Grouped by the member as well, so that points that went to anybody else do not add up with what the purchase
		// earned.
		violated: `SELECT tenant_id, purchase, member, CAST(SUM(earned) AS bigint) AS earned, CAST(SUM(grants) AS bigint) AS grants,
				CAST(SUM(granted) AS bigint) AS granted, CAST(SUM(lots) AS bigint) AS lots
			FROM (
				SELECT tenant_id, id AS purchase, member_id AS member, earned, 0 AS grants, 0 AS granted, 0 AS lots FROM purchases WHERE earned <> 0
				UNION ALL SELECT tenant_id, purchase_id, member_id, 0, 1, delta, 0 FROM point_entries
					WHERE purchase_id IS NOT NULL AND kind = 'granted'
				UNION ALL SELECT tenant_id, purchase_id, member_id, 0, 0, 0, amount FROM point_lots WHERE purchase_id IS NOT NULL) AS points
			GROUP BY tenant_id, purchase, member
			HAVING SUM(earned) <> SUM(granted) OR SUM(earned) <> SUM(lots) OR SUM(grants) > 1 OR member IS NULL`,
		say: "purchase %v of member %v earned %v points, but %v grants gave %v, and its lots hold %v",
	}, {
		name:    "points taken back for refunds match the entries",
		checked: "purchases",
		// Entries that name no purchase are a group of their own, which is wrong whatever it adds up to.
		violated: `SELECT tenant_id, purchase, member, CAST(SUM(returned) AS bigint) AS returned, CAST(SUM(taken) AS bigint) AS taken
			FROM (
				SELECT tenant_id, id AS purchase, member_id AS member, returned, 0 AS taken FROM purchases WHERE returned <> 0
				UNION ALL SELECT tenant_id, purchase_id, member_id, 0, -delta FROM point_entries WHERE kind = 'returned') AS points
			GROUP BY tenant_id, purchase, member HAVING SUM(returned) <> SUM(taken) OR purchase IS NULL`,
		say: "of purchase %v of member %v %v points were taken back, but entries took %v",
	}, {
		name:    "only entries that grant points or take them back name a purchase",
		checked: "point_entries",
		violated: `SELECT tenant_id, id, kind, purchase_id FROM point_entries
			WHERE purchase_id IS NOT NULL AND kind NOT IN ('granted', 'returned')`,
		say: "entry %v, of kind %v, names purchase %v",
	}}
}

// checkEarnings works out again, by the rule that is stored with each purchase, what it keeps of the points that it earned.
func (t *tx) checkEarnings(ctx context.Context) (noren.Check, error) {
	check := noren.Check{Name: "the points of every purchase are accounted for"}
	rows, err := t.query(ctx, "SELECT "+purchaseColumns+
		", COALESCE((SELECT t.contract FROM tenants AS t WHERE t.id = purchases.tenant_id), 'that does not exist') FROM purchases"+
		" WHERE earn_rule IS NOT NULL OR earned <> 0 OR returned <> 0 OR lapsed <> 0 OR forgiven <> 0 OR owed <> 0 ORDER BY tenant_id, id"+
		sharding.Across("verify"))
	err = each(rows, err, func(row scannable) error {
		var contract string
		p, err := scanPurchase(followed{row, &contract})
		if err != nil {
			return err
		}
		check.Checked++
		e := p.Earning
		// The sum alone would let a negative part hide behind another, so each is looked at too.
		gone := e.Returned + e.Lapsed + e.Forgiven + e.Owed
		keeps := e.Keeps(p.Amount, p.Credited)
		if min(e.Granted, e.Returned, e.Lapsed, e.Forgiven, e.Owed) < 0 || e.Granted != keeps+gone {
			violate(&check, contract, "purchase %v %v earned %v points and keeps %v, but %v are taken back, %v lapsed, %v forgiven and %v owed",
				p.Source, p.ExternalID, e.Granted, keeps, e.Returned, e.Lapsed, e.Forgiven, e.Owed)
		}
		return nil
	})
	return check, doing("verify what purchases earned", err)
}

// followed is a row with one more column than its reader knows.
type followed struct {
	scannable

	by any // a pointer
}

// Scan implements scannable.
func (f followed) Scan(refs ...any) error { return f.scannable.Scan(append(refs, f.by)...) }

// purchaseInvariants tie what members spent to the purchases and refunds that it comes from. Two tables are compared by
// adding both up together, as in pointInvariants.
func purchaseInvariants() []invariant {
	return []invariant{{
		name:    "purchases belong to members",
		checked: "purchases",
		violated: `SELECT p.tenant_id, p.source, p.external_id, p.member_id FROM purchases AS p
			LEFT JOIN members AS m ON m.tenant_id = p.tenant_id AND m.id = p.member_id
			WHERE p.member_id IS NOT NULL AND m.id IS NULL`,
		say: "purchase %v %v is that of member %v, who does not exist",
	}, {
		name:    "purchases without a member have a Shopify customer that no member is linked to",
		checked: "purchases",
		// Linking a customer credits what is held for them in the same transaction, so nothing can be left over.
		violated: `SELECT p.tenant_id, p.source, p.external_id, p.shopify_customer_id, m.id FROM purchases AS p
			LEFT JOIN members AS m ON m.tenant_id = p.tenant_id AND m.shopify_customer_id = p.shopify_customer_id
			WHERE p.member_id IS NULL AND (p.shopify_customer_id IS NULL OR m.id IS NOT NULL)`,
		say: "purchase %v %v is credited to nobody, but its Shopify customer, %v, is that of member %v",
	}, {
		name:    "the credited amount of every purchase is its amount less refunds",
		checked: "purchases",
		// Refunds of more than was paid leave nothing, and not less than nothing; a cancellation leaves nothing
		// whatever it says. What was refunded so far is as in noren.Refunded: at least that, and what was made after it.
		violated: `WITH sums AS (
				SELECT tenant_id, source, purchase_id, CAST(SUM(CASE WHEN so_far THEN 0 ELSE amount END) AS bigint) AS amount,
					MAX(CASE WHEN everything THEN 1 ELSE 0 END) AS cancelled
				FROM purchase_refunds GROUP BY tenant_id, source, purchase_id
				UNION ALL
				SELECT s.tenant_id, s.source, s.purchase_id, s.amount + CAST(COALESCE(SUM(r.amount), 0) AS bigint), 0
				FROM purchase_refunds AS s
				LEFT JOIN purchase_refunds AS r ON r.tenant_id = s.tenant_id AND r.source = s.source AND r.purchase_id = s.purchase_id
					AND NOT r.so_far AND r.refunded_at > s.refunded_at
				WHERE s.so_far GROUP BY s.tenant_id, s.source, s.purchase_id, s.external_id, s.amount),
			refunds AS (
				SELECT tenant_id, source, purchase_id, MAX(amount) AS amount, MAX(cancelled) AS cancelled
				FROM sums GROUP BY tenant_id, source, purchase_id),
			due AS (SELECT p.tenant_id, p.source, p.external_id, p.amount, p.credited, CASE
					WHEN COALESCE(r.cancelled, 0) = 1 OR COALESCE(r.amount, 0) > p.amount THEN 0
					ELSE p.amount - COALESCE(r.amount, 0) END AS remains
				FROM purchases AS p
				LEFT JOIN refunds AS r ON r.tenant_id = p.tenant_id AND r.source = p.source AND r.purchase_id = p.external_id)
			SELECT tenant_id, source, external_id, credited, amount, remains FROM due WHERE credited <> remains OR amount < 0`,
		say: "purchase %v %v is credited with %v, but of its %v refunds have left %v",
	}, {
		name:    "refunds have an amount of 0 or more, and cancellations have none",
		checked: "purchase_refunds",
		violated: `SELECT tenant_id, source, purchase_id, external_id, amount FROM purchase_refunds
			WHERE amount < 0 OR everything <> (external_id = 'cancelled') OR everything AND amount <> 0
				OR so_far AND (everything OR refunded_at IS NULL)`,
		say: "the refund of purchase %v %v with the id %v takes off %v",
	}, {
		name:    "the monthly spend of members is the sum of their purchases",
		checked: "member_spend",
		violated: `SELECT tenant_id, member_id, month, CAST(SUM(spent) AS bigint) AS spent, CAST(SUM(credited) AS bigint) AS credited
			FROM (
				SELECT tenant_id, member_id, month, amount AS spent, 0 AS credited FROM member_spend
				UNION ALL SELECT tenant_id, member_id, month, 0, credited FROM purchases WHERE member_id IS NOT NULL) AS spend
			GROUP BY tenant_id, member_id, month HAVING SUM(spent) <> SUM(credited)`,
		say: "the spend of member %v in %v is %v, but the purchases add up to %v",
	}, {
		name:    "every webhook has an outcome",
		checked: "webhooks",
		violated: `SELECT tenant_id, source, id, outcome FROM webhooks
			WHERE outcome NOT IN ('applied', 'held', 'known', 'ignored', 'refused')`,
		say: "the webhook %v %v has the outcome %q",
	}}
}
