// Package crashtest has no code but tests: they run the real binary, load it, and kill it and its databases at
// random moments, to see whether it keeps what it promised:
//
//   - A bulk request that was answered 202 is applied exactly once, in the order of the requests' numbers, each all
//     or nothing, and called back at least once, always with the same body, rightly signed.
//   - One that was answered 4xx is never applied. One whose answer was lost is applied whole or not at all.
//   - Each line of an import takes effect once, whoever of those that work on it is killed.
//   - A webhook of Shopify's that was answered 200 has taken effect exactly once, however often it is sent and whether or
//     not its customer was known.
//   - A database that cannot be written answers 503, and reads go on; when it can be written again, so do writes.
//
// NOREN_CRASH_KILLS=500 makes TestKilled and TestKilledAmongWebhooks kill that often; -short makes them kill twice.
package crashtest
