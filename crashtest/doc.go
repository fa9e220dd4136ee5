// Package crashtest consists of tests only. They run the real binary under load, kill it and its databases at random
// moments, and check that it keeps its promises:
//
//   - A bulk request that got a 202 is applied exactly once, in the order of the request IDs, all or nothing, and its
//     callback is delivered at least once, always with the same body and a valid signature.
//   - A request that got a 4xx is never applied. A request whose response was lost is applied completely or not at all.
//   - Each line of an import takes effect once, whichever of the processes working on it is killed.
//   - A Shopify webhook that got a 200 has taken effect exactly once, however often it is sent and whether or not its
//     customer was known.
//   - While the database cannot be written, writes get a 503 and reads continue; writes succeed again afterwards.
//   - In a storm of all of these at once, in every dialect, on one node and on two, nothing is lost, takes effect twice or
//     out of order, and every ledger adds up.
//
// NOREN_CRASH_KILLS=500 makes TestKilled and TestKilledAmongWebhooks kill that often; -short makes them kill twice.
// `make storm` lets TestStorm last for an hour instead of seconds, and sets the clocks of the servers as well.
package crashtest
