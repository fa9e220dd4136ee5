// Package noren is the domain: one set of members, points, ranks and stock of a retail chain, whichever API dialect
// reads or writes it. It imports the standard library and the pure rules of package ladder, and knows neither
// HTTP nor SQL.
//
// # Vocabulary
//
// A tenant is one contracting company; every row belongs to exactly one. A member (会員) has one rank, one point ledger
// and one status. A purchase is spend credited to a member; what members spent month by month is what their ranks are
// checked by, when a check (ランク判定) of the tenant's programme falls due. A store (店舗) is where members shop; the seam
// to a database is called an [Engine]. A client holds credentials for one dialect, and a [Caller] is a client whose
// request has been authenticated.
//
// A [Refund] takes something off a purchase. A [Webhook] is what another system told us, and an [Import] a file of lines.
//
// A bulk request (一括更新) is accepted at once and takes effect later; a callback is the result that it owes to a URL.
//
// # A bulk request, step by step
//
//		accepted ──► succeeded ──┐         callback:  pending ──► delivered
//		    │                    ├─ owes ─►              │  ▲
//		    └──────► failed ─────┘                       ▼  │ send again
//		                                              given up
//
//	  - [Service.AcceptBulk] judges what the request alone can tell, makes it durable and numbers it. Requests of one
//	    tenant that arrive together share a commit.
//	  - [Service.ApplyLane] applies a tenant's requests in the order of their numbers, each all or nothing, and stores
//	    the callback's exact bytes in the same transaction as the effect. So a request is applied once, and its callback
//	    is sent at least once, whenever the process dies.
//	  - [Service.ClaimCallbacks] and [Service.RecordAttempt] drive the deliveries.
//
// # Invariants
//
// Every invariant below is checked by [Service.Verify]:
//
//   - Codes, alias codes and Shopify ids are unique within a tenant; ids are never reused.
//   - A member who LEFT has a leave date, an ACTIVE one has none.
//   - A stock level is the sum of its movements' deltas and the last movement's amount after.
//   - What a member's points were moved by adds up to what is left of the lots, and what lots lost was burnt by entries.
//   - What a purchase is credited with is what refunds left of it, and what a member spent in a month is what is credited
//     to it. A purchase that is credited to nobody waits for a Shopify customer whom no member is linked to.
//   - Notes and attachments belong to members, and attachments to files that are kept.
//   - Members have the rank that was told last, each change follows on the one before, and a check of ranks changed as many
//     members as it counted, none twice. It is finished before the next is begun.
//   - The numbers of a tenant's bulk requests have no gaps; a finished one owes exactly one callback, a waiting one none.
//   - Each line that an import has processed has one result; the others wait for it.
//   - What the search index says of a member is what the member says.
package noren
