// Package noren is what the business is: the members, points, ranks, purchases and stock of a retail chain, whichever
// API reads or writes them. It has the nouns with the rules that need nothing stored, and [Engine], the only seam to a
// database. What the business does is in the packages under app, the rooms. This package imports the standard library and
// the pure rules of package ladder, and knows neither HTTP nor SQL.
//
// # Vocabulary
//
// A [Tenant] is one contracting company; every row belongs to exactly one. A [Member] (会員) has one rank, one point
// ledger and one status, whichever API asks. A [Store] (店舗) is where members shop; the seam to a database is never
// called one. A [Client] holds credentials for one [Dialect], the API of one vendor, and a [Caller] is a client or a
// person at the console whose request has been authenticated.
//
// A [PointLot] is an amount of points that was granted, with its expiry; a [PointEntry] is a movement. A [Purchase] is
// spend credited to a member, and a [Refund] reduces it. A [RankCheck] (ランク判定) moves members between [Rank]s by what
// they spent month by month, whenever the tenant's [RankProgramme] makes one due.
//
// A [BulkRequest] (一括更新) is accepted at once and takes effect later; a [Callback] posts its result to a URL. Package
// app/bulk tells its story. A [Webhook] is a message from another system, and an [Import] a file of lines.
//
// A tenant's lane is the queue of its bulk requests. A [Field] of a patch is absent, null or a value, which are three
// different things in every request.
//
// # Invariants
//
// [Engine.Verify] checks these on the stored data:
//
//   - Codes, alias codes and Shopify IDs are unique within a tenant; IDs are never reused.
//   - A member who LEFT has a leave date, an ACTIVE one has none.
//   - A stock level is the sum of its movements' deltas and the last movement's amount after.
//   - The movements of a member's points add up to what is left in the lots, and what lots lost was burnt by entries.
//   - A purchase is credited with what refunds left of it, and the purchases credited to a member add up to what the
//     member spent in each month. A purchase credited to nobody waits for a Shopify customer whom no member is linked to.
//   - Notes and attachments belong to members, and attachments to files that are kept.
//   - Members have the rank that was recorded last, each change continues from the one before, and a check of ranks
//     changed as many members as it counted, none twice. It is finished before the next one begins.
//   - The numbers of a tenant's bulk requests have no gaps; a finished one has exactly one callback, a waiting one none.
//   - Each line that an import has processed has one result; the others wait for it.
//   - Every change of what members are found by has its number, without gaps, so that an index of them misses none.
package noren
