// Package bulk accepts bulk requests (一括更新), applies them later in order, and has their results called back.
//
//	accepted ──► succeeded ──┐          callback:  pending ──► delivered
//	    │                    ├───────►               │  ▲          │
//	    └──────► failed ─────┘                       ▼  │ sent     │ sent
//	                                            given up again ◄───┘ again
//
// Step by step:
//
//  1. A dialect decodes the request and judges its shape in the vendor's words. Nothing is stored yet.
//  2. [Service.Accept] checks what can be checked without stored data, makes the request durable and numbers it: only then
//     does the client get its 202. Requests of one tenant that arrive together share a commit.
//  3. The worker finds the tenant's lane, by a hint from [Service.Ready] or by polling [Service.Waiting].
//  4. [Service.ApplyLane] locks the lane and applies its requests in the order of their numbers, each all or nothing: rows
//     are judged and written by the rooms members and stock, as single requests are. The result and the callback's exact
//     bytes, written by the dialect's [Encoder], are stored in the same transaction. So a request is applied exactly once,
//     and every attempt to deliver its callback sends the same.
//  5. The worker leases due callbacks with [Service.ClaimCallbacks], posts them, and stores each attempt with
//     [Service.RecordAttempt], which decides when the next one is due. A callback is sent at least once, even if the process
//     dies between sending and storing.
//  6. [Service.Status] shows a client what became of its request; [Service.SendAgain] and [Service.Resend] make callbacks
//     pending again.
//
// A request that fails unexpectedly five times fails for good, so that it does not block those behind it. A callback is given
// up after a day.
package bulk
