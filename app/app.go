// Package app wires the rooms of the house over one engine. Commands and tests import it; dialects, the console and the
// worker take the rooms that they need.
package app

import (
	"cmp"
	"log/slog"
	"time"

	"noren"
	"noren/app/access"
	"noren/app/audit"
	"noren/app/bulk"
	"noren/app/imports"
	"noren/app/inbox"
	"noren/app/members"
	"noren/app/points"
	"noren/app/privacy"
	"noren/app/purchases"
	"noren/app/ranks"
	"noren/app/shop"
	"noren/app/stock"
	"noren/app/unit"
)

// Config is what the rooms need.
type Config struct {
	Engine noren.Engine
	Clock  func() time.Time // nil: time.Now
	// Encoders write callbacks in each dialect's words.
	Encoders map[noren.Dialect]bulk.Encoder
	// Passwords hashes and checks the passwords of console users.
	Passwords access.PasswordHasher
	Log       *slog.Logger // nil: slog.Default()
	// QueueLimit is how many bulk requests a tenant may have waiting; beyond it they are TooMany. 0: any number.
	QueueLimit int
	Keep       Keep
	RankSlice  int // members that one transaction of a check of ranks may change; 0: 50
}

// Keep says for how long what is done stays stored: 0 for the default, less for good.
type Keep struct {
	Bulk     time.Duration // bulk requests with their callbacks, since they were applied; 90 days
	Webhooks time.Duration // messages of other systems; 90 days
	Imports  time.Duration // with their refused lines; 90 days
	Answers  time.Duration // to requests with an Idempotency-Key; 24 hours, and never for good
}

// App is every use case, by room.
type App struct {
	Engine noren.Engine
	Now    func() time.Time
	Run    *unit.Runner

	Access    *access.Service
	Audit     *audit.Service
	Bulk      *bulk.Service
	Imports   *imports.Service
	Inbox     *inbox.Service
	Members   *members.Service
	Points    *points.Service
	Privacy   *privacy.Service
	Purchases *purchases.Service
	Ranks     *ranks.Service
	Shop      *shop.Service
	Stock     *stock.Service
}

// New makes the rooms.
func New(c Config) *App {
	run, log := unit.NewRunner(c.Engine, c.Clock), cmp.Or(c.Log, slog.Default())
	if c.Keep.Answers > 0 {
		run.KeyHeld = c.Keep.Answers
	}
	return &App{
		Engine: c.Engine, Now: run.Now, Run: run,
		Access:    access.New(run, c.Engine, c.Passwords),
		Audit:     audit.New(run),
		Bulk:      bulk.New(run, c.Engine, c.Encoders, c.QueueLimit, c.Keep.Bulk, log),
		Imports:   imports.New(run, c.Engine, c.Keep.Imports, log),
		Inbox:     inbox.New(run, c.Engine, c.Keep.Webhooks),
		Members:   members.New(run, c.Engine),
		Points:    points.New(run),
		Privacy:   privacy.New(run),
		Purchases: purchases.New(run),
		Ranks:     ranks.New(run, c.RankSlice),
		Shop:      shop.New(run, c.Engine, c.Passwords),
		Stock:     stock.New(run),
	}
}
