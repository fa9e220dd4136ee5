package noren

import (
	"context"
	"time"
)

// Engine is the only seam to a database. It holds no rules. (Most code bases would call it the store; here a store is
// where members shop.)
type Engine interface {
	// Update runs fn in one durable read-write transaction of one tenant. It returns nil only after the commit is on disk.
	// fn may run more than once, even after an earlier run whose commit went through but was not confirmed: where Tx.Again
	// is true it must recognise its own work. fn must not do I/O, send on channels or keep tx. An error of fn rolls back
	// everything that fn did and is returned unchanged. If the database cannot take the write now, the error is an Error
	// of kind Unavailable.
	Update(ctx context.Context, tenant TenantID, fn func(tx Tx) error) error
	// AcceptBulk is an Update that does nothing but Tx.AcceptBulk. An engine can do that in one round trip, which is most
	// of what accepting a request costs.
	AcceptBulk(ctx context.Context, tenant TenantID, requests []BulkRequest, rows [][]byte) (ids []int64, err error)
	// View runs fn on one consistent snapshot, read only.
	View(ctx context.Context, tenant TenantID, fn func(tx Tx) error) error
	// OneWriter reports whether each transaction that writes keeps all others waiting, of every tenant.
	OneWriter() bool
	// Directory has the look-ups across tenants, outside any transaction of a tenant.
	Directory
	// OneLook returns a context for one request. Engines may keep in memory what changes rarely, and check each time that
	// it is still valid; under the context they check once for each tenant. With trusting they skip even that: Directory
	// returns what is in memory, and the first View of the tenant checks, and fails if something has changed. proved
	// reports whether everything that was returned without a check was valid. If not, nothing that was made from it may
	// leave the program, and the request must begin again without trusting. A request that writes must not trust.
	OneLook(ctx context.Context, trusting bool) (looking context.Context, proved func() bool)
	// Verify checks every invariant of the stored data.
	Verify(ctx context.Context) ([]Check, error)
	// Ping returns an error if the database cannot be read. down names the parts of it that do not respond, where it has several:
	// requests of the tenants who are there get Unavailable, and all others go on.
	Ping(ctx context.Context) (down []string, err error)
	Close() error
}

// Check is the result of one invariant that Verify checked.
type Check struct {
	Name       string
	Checked    int      // number of rows
	Violations []string // at most MaxViolations
	Violated   int      // number of violations, listed or not
}

// MaxViolations is how many violations of one invariant a Check lists.
const MaxViolations = 20

// Counter names a per-tenant counter. Each starts at 1.
type Counter string

// The counters. CounterBulk is taken only by AcceptBulk.
const (
	CounterBulkSwept  Counter = "bulk_swept"  // the number of the first bulk request that has not been removed
	CounterAuditSwept Counter = "audit_swept" // the number of the first entry of the audit log that still has its values
	CounterMember     Counter = "member"
	CounterMovement   Counter = "movement"
	CounterAudit      Counter = "audit"
	CounterClient     Counter = "client"
	CounterBulk       Counter = "bulk"
	CounterPointLot   Counter = "point_lot"
	CounterPointEntry Counter = "point_entry"
	CounterNote       Counter = "note"
	CounterAttachment Counter = "attachment"
	CounterPurchase   Counter = "purchase" // holding it excludes all others from the tenant's purchases until the commit
	CounterRankChange Counter = "rank_change"
	CounterSettings   Counter = "settings" // holding it excludes all others from changing tenant and catalogue, and from beginning a check
	CounterProduct    Counter = "product"
	CounterImport     Counter = "import"
)

// Directory is what is looked up across tenants: tenants themselves, who is calling, and work to do. Each is one statement.
type Directory interface {
	TenantDirectory
	ClientDirectory
	UserDirectory
	BulkDirectory
	ImportDirectory
	FileDirectory
	// DeleteExpired removes a bounded number of expired tokens, sessions and kept answers, and of failures to sign in that
	// are older than FailuresKept. It returns how many it removed.
	DeleteExpired(ctx context.Context, now time.Time) (int, error)
}

// Tx is one transaction of one tenant. Where transactions run side by side they lock in one order (docs/adr/0017): members
// before stock, stock before purchases, and so on. Every method sends a fixed number of statements, whatever the number of rows.
// Lists of ids may be in any order; what is read to be changed is locked in order of id where forUpdate is true. What a
// noun needs of it stands beside the noun.
type Tx interface { //nolint:interfacebloat // a transaction spans every noun; each room declares the few methods that it takes
	TogetherTx
	CounterTx
	TenantTx
	UserTx
	SecondFactorTx
	ClientTx
	SecretTx
	AnswerTx
	AuditTx
	CatalogueTx
	StaffTx
	MemberTx
	PointTx
	PointSumTx
	PurchaseTx
	RankTx
	RankCheckTx
	StockTx
	BulkTx
	BulkListTx
	CallbackTx
	ImportTx
	ImportFileTx
	CodeTx
	WebhookTx
	FileTx
	PersonTx
	TakeOverTx
	RetentionTx
}

// TogetherTx saves round trips where statements cost them. Callers that do not care call methods one after another.
type TogetherTx interface {
	// Together runs the functions side by side, in turns: each until it needs the result of a statement. Those statements
	// are sent together, in the order of the functions. No function may depend on the results of another. The error is that
	// of the first function, in their order, that has one.
	Together(ctx context.Context, fns ...func() error) error
	// Last is Together for the last that a View reads. Where each function sends one statement, a View that begins with
	// Last is one round trip; behind Citus each of these functions then sees what was committed before it, and not all one snapshot.
	// In an Update it is nothing but Together.
	Last(ctx context.Context, fns ...func() error) error
}

// CounterTx numbers what is stored.
type CounterTx interface {
	// Again reports whether fn has run before in this Update, so that its work may already be committed.
	Again() bool
	// Doubtful reports whether fn may run again after a commit that went through. Where it may not, nothing has to be stored
	// by which fn could recognise its own work.
	Doubtful() bool
	// Awaited reports whether this transaction has taken its time and another tenant's write waits for it to end, or may
	// come any moment. What consists
	// of many parts ends early then, and goes on in another transaction.
	Awaited() bool
	// Reserve takes n consecutive numbers from the tenant's counter and returns the first.
	Reserve(ctx context.Context, counter Counter, n int) (int64, error)
	// Raise makes the counter continue after used, a number that was assigned by hand. It never lowers the counter.
	Raise(ctx context.Context, counter Counter, used int64) error
}
