package noren

import (
	"context"
	"time"
)

// Engine is the only seam to a database. It holds no rules. (In most code bases it would be called the store; here
// a store is where members shop.)
type Engine interface {
	// Update runs fn in one durable read-write transaction of one tenant. It returns nil only after the commit is
	// on disk. fn may be run again, even after an earlier run whose commit went through but whose answer was lost:
	// it must recognise its own work where Tx.Again says so. fn must not do I/O, send on channels or keep tx.
	// An error of fn rolls back everything that fn did and is returned as it is. A database that cannot take the
	// write now answers an Error of kind Unavailable.
	Update(ctx context.Context, tenant TenantID, fn func(tx Tx) error) error
	// AcceptBulk is an Update with Tx.AcceptBulk alone. An engine can do that in one round trip, which is most of what
	// accepting a request costs.
	AcceptBulk(ctx context.Context, tenant TenantID, requests []BulkRequest, rows [][]byte) (ids []int64, err error)
	// View runs fn on one consistent snapshot, read only.
	View(ctx context.Context, tenant TenantID, fn func(tx Tx) error) error
	// Directory is what is looked up across tenants, outside any transaction of a tenant.
	Directory
	// Verify checks every invariant of the stored data.
	Verify(ctx context.Context) ([]Check, error)
	// Ping answers nil if the database can be read.
	Ping(ctx context.Context) error
	Close() error
}

// Directory answers the look-ups that find a tenant, or work to do in any of them. Each is one statement.
type Directory interface {
	// Tenants lists all tenants by contract id.
	Tenants(ctx context.Context) ([]Tenant, error)
	// TenantByContract finds the tenant with that contract id. NotFound where there is none.
	TenantByContract(ctx context.Context, contract string) (Tenant, error)
	// EnsureTenant answers the tenant with that contract id, making an empty one where there is none.
	EnsureTenant(ctx context.Context, contract string) (tenant Tenant, created bool, err error)
	// CallerByToken finds the token with the hash, with its client and tenant. NotFound where there is none.
	CallerByToken(ctx context.Context, hash []byte) (Caller, Token, error)
	// CallerByKey finds the client with the key (client_id), with its tenant. NotFound where there is none.
	CallerByKey(ctx context.Context, dialect Dialect, key string) (Caller, error)
	// SigningKey is Tx.SigningKey outside any transaction: requests are checked with such secrets, one look-up each.
	SigningKey(ctx context.Context, tenant TenantID, name string) (string, error)
	// TenantsWithBulk lists the tenants that have accepted bulk requests waiting.
	TenantsWithBulk(ctx context.Context) ([]TenantID, error)
	// TenantsWithImports lists the tenants that have imports waiting or running.
	TenantsWithImports(ctx context.Context) ([]TenantID, error)
	// ClaimCallbacks leases up to limit callbacks that are due, oldest due first, leaving out the hosts in busy,
	// until the given time, with their clients' signing secrets filled in. No callback is claimed twice.
	ClaimCallbacks(ctx context.Context, now, until time.Time, busy []string, limit int) ([]Callback, error)
	// QueueStats counts what is waiting, over all tenants.
	QueueStats(ctx context.Context) (QueueStats, error)
	// ConsoleSession finds the session with the hash, with its tenant and user. NotFound where there is none, or the
	// user is no more. Whether it has expired is for the caller to judge.
	ConsoleSession(ctx context.Context, hash []byte) (Tenant, ConsoleUser, ConsoleSession, error)
	// SignInFailures runs fn on what is stored under each of the subjects, zero where nothing is, in one transaction
	// that locks them, and stores what fn leaves in it; zero failures are removed. fn may be run again; its error
	// stores nothing and is answered as it is.
	SignInFailures(ctx context.Context, subjects []string, fn func(stored []SignInFailures) error) error
	// DeleteExpired removes expired tokens, sessions and kept answers, and failures to sign in that are older than
	// FailuresKept, a bounded number a call; it answers how many.
	DeleteExpired(ctx context.Context, now time.Time) (int, error)
}

// QueueStats is what is waiting over all tenants; a zero time means that nothing waits.
type QueueStats struct {
	BulkWaiting      int
	BulkOldest       time.Time // accepted at
	CallbacksWaiting int
	CallbacksOldest  time.Time // owed at
}

// Check is one invariant that Verify looked at.
type Check struct {
	Name       string
	Checked    int      // how many rows it looked at
	Violations []string // at most MaxViolations
	Violated   int      // how many there are
}

// MaxViolations is how many violations of one invariant a Check lists.
const MaxViolations = 20

// Tx is one transaction of one tenant. Every method sends a fixed number of statements, whatever the number of rows.
// Lists of ids may be in any order; what is read to be changed is locked in order of id where forUpdate is true.
type Tx interface {
	// Again reports whether fn has run before in this Update, so that its work may already be committed.
	Again() bool
	// Reserve takes n consecutive numbers from the tenant's counter and answers the first.
	Reserve(ctx context.Context, counter Counter, n int) (int64, error)
	// Raise lets the counter go on after used, a number that was given by hand; it never goes back.
	Raise(ctx context.Context, counter Counter, used int64) error

	CatalogueTx
	MemberTx
	StockTx
	BulkTx
	AccessTx
	PointTx
	FileTx
	PurchaseTx
	RankTx
	WebhookTx
	ImportTx
}

// Counter names a per-tenant counter. Each starts at 1.
type Counter string

// The counters. CounterBulk is taken only by AcceptBulk.
const (
	CounterMember     Counter = "member"
	CounterMovement   Counter = "movement"
	CounterAudit      Counter = "audit"
	CounterClient     Counter = "client"
	CounterBulk       Counter = "bulk"
	CounterPointLot   Counter = "point_lot"
	CounterPointEntry Counter = "point_entry"
	CounterNote       Counter = "note"
	CounterAttachment Counter = "attachment"
	CounterPurchase   Counter = "purchase" // who takes it is alone with the tenant's purchases until the commit
	CounterRankChange Counter = "rank_change"
	CounterProduct    Counter = "product"
	CounterImport     Counter = "import"
)

// CatalogueTx reads and writes what a tenant's members and stock refer to. Put inserts or updates by id.
type CatalogueTx interface {
	Tenant(ctx context.Context) (Tenant, error)
	PutTenant(ctx context.Context, t Tenant) error
	Ranks(ctx context.Context) ([]Rank, error) // by position
	PutRanks(ctx context.Context, ranks []Rank) error
	StaffRanks(ctx context.Context) ([]StaffRank, error)
	PutStaffRanks(ctx context.Context, ranks []StaffRank) error
	// Stores and Products answer those that match, and how many match without limit and offset.
	Stores(ctx context.Context, f CatalogueFilter) ([]Store, int, error)
	PutStores(ctx context.Context, stores []Store) error
	Products(ctx context.Context, f CatalogueFilter) ([]Product, int, error)
	PutProducts(ctx context.Context, products []Product) error
	Staff(ctx context.Context) ([]Staff, error)
	PutStaff(ctx context.Context, staff []Staff) error
	ConsoleUsers(ctx context.Context) ([]ConsoleUser, error) // by login
	PutConsoleUsers(ctx context.Context, users []ConsoleUser) error
	// SigningKey is a secret that has to be read again, such as Shopify's webhook secret; "" where there is none.
	SigningKey(ctx context.Context, name string) (string, error)
	PutSigningKey(ctx context.Context, name, secret string) error
}

// MemberTx reads and writes members. The search index moves with them.
type MemberTx interface {
	// MembersByID answers those that exist, ordered by id.
	MembersByID(ctx context.Context, ids []int64, forUpdate bool) ([]Member, error)
	// MembersByCode answers those that exist, ordered by id.
	MembersByCode(ctx context.Context, codes []string) ([]Member, error)
	// MemberHolders answers which members have the values of a unique column: code, alias_code or shopify_customer_id.
	MemberHolders(ctx context.Context, column string, values []string) (map[string]int64, error)
	// Members answers one page of those that match, and how many match in all.
	Members(ctx context.Context, f MemberFilter) ([]Member, int, error)
	// InsertMembers inserts new members. Conflict, with the row and field, where a unique column is taken.
	InsertMembers(ctx context.Context, members []Member) error
	// UpdateMembers writes the columns that differ. Conflict as InsertMembers.
	UpdateMembers(ctx context.Context, changes []MemberChange) error
}

// MemberChange is one member before and after.
type MemberChange struct{ Before, After Member }

// StockTx reads and writes stock.
type StockTx interface {
	// StockByKey answers the levels that exist.
	StockByKey(ctx context.Context, keys []StockKey, forUpdate bool) ([]StockLevel, error)
	Stock(ctx context.Context, f StockFilter) ([]StockLevel, int, error)
	Movements(ctx context.Context, f MovementFilter) ([]StockMovement, int, error)
	// StockCourse answers how the level went through the span, in at most n parts of the same length. Parts without
	// movements are left out. Where the level moved very often, only its newest movements are looked at.
	StockCourse(ctx context.Context, key StockKey, span Span, n int) ([]StockPoint, error)
	// MoveStock inserts the movements and sets each level to its movement's AmountAfter.
	MoveStock(ctx context.Context, movements []StockMovement) error
}

// BulkTx is the tenant's lane of bulk requests, and its callbacks.
type BulkTx interface {
	// AcceptBulk stores new requests, numbers them in their order and creates the lane's entry. Where Again is true it
	// first looks for their tokens and numbers as before those that are already stored. rows are the requests' encoded Rows.
	AcceptBulk(ctx context.Context, requests []BulkRequest, rows [][]byte) (ids []int64, err error)
	// LockLane locks the tenant's lane until this transaction ends, so that its requests are applied by one process at
	// a time; false, at once, where another transaction has it. It never blocks AcceptBulk.
	LockLane(ctx context.Context) (bool, error)
	// NextBulk answers up to limit accepted requests in order of id, with their rows.
	NextBulk(ctx context.Context, limit int) ([]BulkRequest, error)
	// FinishBulk stores state, failures and time of requests that were accepted, and their callbacks.
	FinishBulk(ctx context.Context, requests []BulkRequest, callbacks []Callback) error
	// CountBulkTry notes that applying the request met an unexpected error.
	CountBulkTry(ctx context.Context, id int64) error
	// BulkByID answers the request with its rows, its callback (nil while none is owed) and every attempt.
	BulkByID(ctx context.Context, id int64) (BulkRequest, *Callback, []Attempt, error)
	// BulkRequests answers one page, newest first.
	BulkRequests(ctx context.Context, f BulkFilter) ([]BulkSummary, error)
	// BulkQueue counts what waits, and what was ever accepted.
	BulkQueue(ctx context.Context) (BulkQueue, error)
	// BulkFlows counts the requests that were accepted from that time on, by steps of time.
	BulkFlows(ctx context.Context, from time.Time, step time.Duration) ([]BulkFlow, error)
	// DeliveryFlows counts the deliveries from that time on, by steps of time; steps without any are left out.
	DeliveryFlows(ctx context.Context, from time.Time, step time.Duration) ([]DeliveryFlow, error)
	// Callbacks answers one page, newest first.
	Callbacks(ctx context.Context, f CallbackFilter) ([]Callback, error)
	// RecordAttempt stores the attempt and the callback's new state, and ends its lease. An attempt whose number is
	// recorded already changes nothing.
	RecordAttempt(ctx context.Context, c Callback, a Attempt) error
	// ResendCallbacks makes those that match pending again, due at now; it answers how many.
	ResendCallbacks(ctx context.Context, f CallbackFilter, now time.Time) (int, error)
}

// AccessTx reads and writes clients, tokens, sessions, kept answers and the audit log.
type AccessTx interface {
	Clients(ctx context.Context) ([]Client, error) // with their webhook secrets; by id
	// PutClients inserts or updates by id. Conflict where a key is taken by another client, of whichever tenant. It
	// neither revokes a client nor notes its use.
	PutClients(ctx context.Context, clients []Client) error
	// RevokeClient makes the client's key and tokens unknown to everybody.
	RevokeClient(ctx context.Context, id int64, at time.Time) error
	// NoteClientUses stores when clients were last used.
	NoteClientUses(ctx context.Context, uses []ClientUse) error
	// AddToken stores the token, in place of one with the same hash.
	AddToken(ctx context.Context, t Token) error
	// KeptAnswer answers what was kept under the key, or nil.
	KeptAnswer(ctx context.Context, k IdempotencyKey, now time.Time) (*KeptAnswer, error)
	// KeepAnswer stores the answer; false where one is already kept under the key.
	KeepAnswer(ctx context.Context, k IdempotencyKey, a KeptAnswer) (bool, error)
	AddConsoleSession(ctx context.Context, s ConsoleSession) error
	// TouchConsoleSession stores when the session was last seen and when it expires. One that has been deleted stays so.
	TouchConsoleSession(ctx context.Context, s ConsoleSession) error
	// DeleteConsoleSessions deletes the sessions of the logins, but for the one with the hash kept; nil keeps none. It
	// answers how many there were.
	DeleteConsoleSessions(ctx context.Context, logins []string, kept []byte) (int, error)
	// DeleteConsoleSession deletes the session with the hash, if there is one.
	DeleteConsoleSession(ctx context.Context, hash []byte) error
	AddAudit(ctx context.Context, entries []AuditEntry) error
	Audit(ctx context.Context, f AuditFilter) ([]AuditEntry, error) // newest first
	// AuditNumber is the number of the last entry at or before that time; 0 where there is none. Entries are numbered in
	// the order in which they were committed, so their times may be out of order by as much as commits overtake.
	AuditNumber(ctx context.Context, at time.Time) (int64, error)
}

// PointTx reads and writes the ledger of points.
type PointTx interface {
	// LockMembers answers the members that the query names, ordered by id, and locks them.
	LockMembers(ctx context.Context, q MemberQuery) ([]MemberRef, error)
	// MemberRefs is LockMembers without the lock.
	MemberRefs(ctx context.Context, q MemberQuery) ([]MemberRef, error)
	// OpenLots answers the lots of that type with anything remaining, ordered by id, and locks them.
	OpenLots(ctx context.Context, members []int64, t PointType) ([]PointLot, error)
	// ExpiredLots answers up to limit lots that have something remaining and whose last day is before today, ordered
	// by their last day, then id: those that come after the lot after, from the beginning where that is zero.
	ExpiredLots(ctx context.Context, today Date, after PointLot, limit int, forUpdate bool) ([]PointLot, error)
	// MovePoints inserts the movement's lots, entries and burns, and takes what was burnt off the lots. Conflict where
	// a lot has less than is taken off it.
	MovePoints(ctx context.Context, m PointMovement) error
	// PointBalances answers what the members have on that day, ordered by member and type; types that are not held are
	// left out.
	PointBalances(ctx context.Context, members []int64, today Date) ([]PointBalance, error)
	// PointLots answers one page of those that match.
	PointLots(ctx context.Context, f PointLotFilter) ([]PointLot, error)
	// PointEntries answers one page of those that match.
	PointEntries(ctx context.Context, f PointEntryFilter) ([]PointEntry, error)
}

// PointMovement is what is written together: new lots, entries, and what the entries took from which lots.
type PointMovement struct {
	Lots    []PointLot
	Entries []PointEntry
	Burns   []PointBurn
}

// PurchaseTx reads and writes purchases and what they add up to.
type PurchaseTx interface {
	// PurchasesByExternalID answers those of the source's purchases that exist, and what is known of refunds to them.
	PurchasesByExternalID(ctx context.Context, source string, ids []string) ([]Purchase, []Refund, error)
	// HeldPurchases answers the purchases of Shopify customers that are credited to nobody yet.
	HeldPurchases(ctx context.Context, shopifyCustomerIDs []string) ([]Purchase, error)
	// PutPurchases inserts new purchases, or writes member and credit of those that exist.
	PutPurchases(ctx context.Context, purchases []Purchase) error
	AddRefunds(ctx context.Context, refunds []Refund) error
	// AddSpend adds to what members spent in months; amounts may be negative. A member and month is named once.
	AddSpend(ctx context.Context, deltas []MonthlySpend) error
	// Spend answers what the members spent in the months from ≤ month < until; members without spend are left out.
	Spend(ctx context.Context, members []int64, from, until Month) (map[int64]int64, error)
	// Purchases answers one page, newest first.
	Purchases(ctx context.Context, f PurchaseFilter) ([]Purchase, int, error)
}

// PurchaseFilter selects purchases.
type PurchaseFilter struct {
	MemberID int64 // 0: any
	Held     bool  // only those that are credited to nobody yet
	Page
}

// RankTx reads and writes the checks of ranks and what they changed.
type RankTx interface {
	// RankStandings answers the next limit members after the id, in order of id, as a check of the months from ≤ month <
	// until sees them. Members that checks do not look at are left out.
	RankStandings(ctx context.Context, after int64, limit int, from, until Month) ([]RankStanding, error)
	// RankCounts answers how many members have each rank; the key 0 is of those below the lowest.
	RankCounts(ctx context.Context) (map[int64]int, error)
	AddRankChanges(ctx context.Context, changes []RankChange) error
	// RankChanges answers one page, newest first.
	RankChanges(ctx context.Context, f RankChangeFilter) ([]RankChange, int, error)
	// BeginRankCheck stores the check, unless there is one at that time.
	BeginRankCheck(ctx context.Context, c RankCheck) error
	// RankCheckAt answers the check at that time, and locks it where forUpdate is true. NotFound where there is none.
	RankCheckAt(ctx context.Context, at time.Time, forUpdate bool) (*RankCheck, error)
	// PutRankCheck writes how far the check is and whom it moved, nothing else of it.
	PutRankCheck(ctx context.Context, c RankCheck) error
	// RankChecks answers one page of checks, the latest first.
	RankChecks(ctx context.Context, p Page) ([]RankCheck, int, error)
}

// RankChangeFilter selects changes of ranks.
type RankChangeFilter struct {
	MemberID int64      // 0: any
	CheckAt  *time.Time // only what this check changed
	Page
}

// WebhookTx reads and writes what other systems told us.
type WebhookTx interface {
	// BeginWebhook notes that the message has arrived, so that nobody else works on the same one until the commit, and
	// answers what became of it when it came before; nil where it is new. PutWebhook has to follow where it is.
	BeginWebhook(ctx context.Context, w Webhook) (before *Webhook, err error)
	// PutWebhook stores what became of a message, in place of what became of it before.
	PutWebhook(ctx context.Context, w Webhook) error
	// Webhooks answers one page, newest first.
	Webhooks(ctx context.Context, f WebhookFilter) ([]Webhook, int, error)
}

// WebhookFilter selects messages.
type WebhookFilter struct {
	Outcome WebhookOutcome // "": any
	Page
}

// FileTx reads and writes notes, attachments and what is known of uploaded files.
type FileTx interface {
	// Notes answers one page of those that match.
	Notes(ctx context.Context, f NoteFilter) ([]Note, error)
	AddNote(ctx context.Context, n Note) error
	// DeleteNote answers the text of the note that it deleted; nil where the member has no such note.
	DeleteNote(ctx context.Context, member, note int64) (text *string, err error)
	// Attachments answers those of the members, ordered by id.
	Attachments(ctx context.Context, members []int64) ([]Attachment, error)
	// AddAttachment answers false where the tenant has no such file, or it has been condemned meanwhile.
	AddAttachment(ctx context.Context, a Attachment) (bool, error)
	// DeleteAttachment answers the key of the file that it took off; nil where the member has no such attachment.
	DeleteAttachment(ctx context.Context, member, attachment int64) (fileKey *string, err error)
	AddUpload(ctx context.Context, u Upload) error
	// Upload answers what is known of the file; nil where the tenant has none with that key.
	Upload(ctx context.Context, fileKey string) (*Upload, error)
	// CondemnUploads marks the oldest files, up to limit, that were uploaded before that time and that no attachment
	// refers to, so that they can be neither found nor attached any more, and answers their keys. Those that an earlier
	// call marked are answered again until they are forgotten.
	CondemnUploads(ctx context.Context, before time.Time, limit int) ([]string, error)
	// ForgetUploads removes the records of condemned files.
	ForgetUploads(ctx context.Context, fileKeys []string) error
}

// ImportTx reads and writes imports, their lines that wait, and those that were refused.
type ImportTx interface {
	// AddImport stores a new import, and makes the tenant's lane where there is none: imports of stock take it in turns
	// with bulk requests.
	AddImport(ctx context.Context, i Import) error
	// AddImportPieces stores pieces. One whose number is stored already is left as it is.
	AddImportPieces(ctx context.Context, id int64, pieces []ImportPiece) error
	// Import answers the import, nil where the tenant has none with that id.
	Import(ctx context.Context, id int64, forUpdate bool) (*Import, error)
	// Imports answers one page of those that match, newest first, and how many match in all.
	Imports(ctx context.Context, f ImportFilter) ([]Import, int, error)
	// NextImport locks the tenant's oldest import that waits or runs until this transaction ends, so that its lines are
	// applied by one process at a time; nil, at once, where there is none or another transaction has it.
	NextImport(ctx context.Context) (*Import, error)
	// ImportPieces answers up to limit pieces that are left, in order, with numbers above after.
	ImportPieces(ctx context.Context, id, after int64, limit int) ([]ImportPiece, error)
	// UpdateImport stores state, columns, source, counts and times.
	UpdateImport(ctx context.Context, i Import) error
	// FinishImportPiece removes a piece that has taken effect, and stores what it left to tell.
	FinishImportPiece(ctx context.Context, i Import, piece int64, refused []RefusedLine) error
	// RefusedLines answers up to limit refused lines in order of the file, from behind the line after.
	RefusedLines(ctx context.Context, id int64, after, limit int) ([]RefusedLine, error)
	// SweepImports cancels uploads and drafts made before drafts, and removes up to limit rows each of what is left of
	// imports that have ended: their pieces, and all of those made before before. It answers how many rows it removed.
	SweepImports(ctx context.Context, before, drafts time.Time, limit int) (int, error)
}

// Page is a slice of an ordered list.
type Page struct {
	Limit  int // 0: no limit
	Offset int
}

// Sort is one key of an order. Column is canonical; what a list can be sorted by is said at its filter.
type Sort struct {
	Column string
	Desc   bool
}

// Span is a half-open or open-ended stretch of time: From ≤ t ≤ To. Zero ends are open.
type Span struct{ From, To time.Time }

// CatalogueFilter selects stores or products. The zero filter is all of them, ordered by id.
// Sort columns: id, code, name, updated_at.
type CatalogueFilter struct {
	IDs     []int64
	Code    string
	Keyword string   // part of a product's code or name, matched as package search says; stores have none
	Codes   []string // nil: any; empty: none
	Updated Span
	Sort    []Sort
	Page
}

// MemberFilter selects members. Sort columns: id (the default), code, last_kana, first_kana, created_at, updated_at.
type MemberFilter struct {
	Code, CustomerNo string
	IDFrom, IDTo     int64
	IDs              []int64  // nil: any; empty: none
	Codes            []string // as IDs
	AliasCodes       []string // as IDs
	ShopifyIDs       []string // as IDs
	Emails           []string // as IDs; compared without case
	Statuses         []Status // as IDs
	RankIDs          []int64  // as IDs
	StoreIDs         []int64  // as IDs; members of all stores are of none
	Created, Updated Span
	Keyword          string // matched as package search says
	VisibleTo        *int64 // only members of this store or of all stores
	WithAttachments  bool   // asks Service.Members for the attachments too; an engine ignores it
	NoTotal          bool   // the total is not wanted: it is answered as -1 where counting would cost a statement
	Sort             []Sort
	Page
}

// StockFilter selects stock levels. Sort columns: product, store; the default is product, then store.
type StockFilter struct {
	ProductID, StoreID   int64   // 0: any
	ProductIDs, StoreIDs []int64 // nil: any; empty: none
	Updated              Span
	Sort                 []Sort
	Page
}

// MovementFilter selects movements of one level. Sort columns: id (the default), at.
type MovementFilter struct {
	StockKey
	ID       int64  // 0: any
	Division string // "": any
	Amount   *int64 // the amount after
	At       Span
	Sort     []Sort
	Page
}

// CallbackFilter selects callbacks of one tenant.
type CallbackFilter struct {
	RequestID  int64         // 0: any
	RequestIDs []int64       // nil: any; empty: none
	State      DeliveryState // "": any
	Page
}

// BulkFilter selects bulk requests.
type BulkFilter struct {
	IDs      []int64       // nil: any; empty: none
	State    BulkState     // "": any
	Kind     BulkKind      // "": any
	ClientID int64         // 0: any
	StoreID  *int64        // only of callers that were restricted to this store
	Delivery DeliveryState // of the callback; "": any
	After    int64         // only larger numbers
	Before   int64         // only smaller numbers; 0: any
	Limit    int           // 0: no limit
}

// AuditFilter selects audit entries.
type AuditFilter struct {
	Subject, SubjectID string // "": any
	Dialect            string // "": any
	ClientID           int64  // 0: any
	Login              string // "": any
	At                 Span
	After              int64 // only larger numbers
	Before             int64 // only smaller numbers; 0: any
	Page
}

// IdempotencyKey is the scope in which an Idempotency-Key header is unique.
type IdempotencyKey struct {
	ClientID int64
	Route    string // method and path
	Key      string
}

// KeptAnswer is a first answer, replayed for a day to the same key with the same body.
type KeptAnswer struct {
	BodyHash    []byte // SHA-256 of the request's body
	Status      int
	ContentType string
	Body        []byte
	ExpiresAt   time.Time
}
