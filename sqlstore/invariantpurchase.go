package sqlstore

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
		name:    "purchases that are held wait for a Shopify customer whom nobody is linked to",
		checked: "purchases",
		violated: `SELECT p.tenant_id, p.source, p.external_id, p.shopify_customer_id, m.id FROM purchases AS p
			LEFT JOIN members AS m ON m.tenant_id = p.tenant_id AND m.shopify_customer_id = p.shopify_customer_id
			WHERE p.member_id IS NULL AND (p.shopify_customer_id IS NULL OR m.id IS NOT NULL)`,
		say: "purchase %v %v is credited to nobody, but its Shopify customer, %v, is that of member %v",
	}, {
		name:    "what is credited of purchases is what refunds left of them",
		checked: "purchases",
		violated: `WITH refunds AS (
				SELECT tenant_id, source, purchase_id, CAST(SUM(amount) AS bigint) AS amount,
					MAX(CASE WHEN everything THEN 1 ELSE 0 END) AS cancelled
				FROM purchase_refunds GROUP BY tenant_id, source, purchase_id),
			due AS (SELECT p.tenant_id, p.source, p.external_id, p.amount, p.credited, CASE
					WHEN COALESCE(r.cancelled, 0) = 1 OR COALESCE(r.amount, 0) > p.amount THEN 0
					ELSE p.amount - COALESCE(r.amount, 0) END AS remains
				FROM purchases AS p
				LEFT JOIN refunds AS r ON r.tenant_id = p.tenant_id AND r.source = p.source AND r.purchase_id = p.external_id)
			SELECT tenant_id, source, external_id, credited, amount, remains FROM due WHERE credited <> remains OR amount < 0`,
		say: "purchase %v %v is credited with %v, but of its %v refunds have left %v",
	}, {
		name:    "refunds take something off, and cancellations everything",
		checked: "purchase_refunds",
		violated: `SELECT tenant_id, source, purchase_id, external_id, amount FROM purchase_refunds
			WHERE amount < 0 OR everything <> (external_id = 'cancelled') OR everything AND amount <> 0`,
		say: "the refund of purchase %v %v with the id %v takes off %v",
	}, {
		name:    "what members spent in months is what is credited to them",
		checked: "member_spend",
		violated: `SELECT tenant_id, member_id, month, CAST(SUM(spent) AS bigint) AS spent, CAST(SUM(credited) AS bigint) AS credited
			FROM (
				SELECT tenant_id, member_id, month, amount AS spent, 0 AS credited FROM member_spend
				UNION ALL SELECT tenant_id, member_id, month, 0, credited FROM purchases WHERE member_id IS NOT NULL) AS spend
			GROUP BY tenant_id, member_id, month HAVING SUM(spent) <> SUM(credited)`,
		say: "member %v is said to have spent %[3]v in %[2]v, but is credited with %[4]v",
	}, {
		name:    "webhooks say what became of them",
		checked: "webhooks",
		violated: `SELECT tenant_id, source, id, outcome FROM webhooks
			WHERE outcome NOT IN ('applied', 'held', 'known', 'ignored', 'refused')`,
		say: "the webhook %v %v has the outcome %q",
	}}
}
