package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"noren/app"
	"noren/sqlstore"
)

// serveCmd is `noren serve`.
type serveCmd struct {
	databaseFlag
	filesFlag
	serverFlags
	searchFlag
	queueFlag
	backupsFlags
	keepFlags
	logFlags
}

// Help is the text of `noren serve --help` above the flags.
func (serveCmd) Help() string {
	return "The console for people is at /console/; the shop file defines their logins. The database is created and " +
		"migrated automatically. On SIGTERM or SIGINT the server stops within half a minute: it accepts no new requests, " +
		"finishes running ones, and leaves queued work to the next start. A second signal stops it at once; accepted work " +
		"is not lost then either. Several servers may share one PostgreSQL database."
}

// Run serves until a signal arrives.
func (c *serveCmd) Run(ctx context.Context, std streams) error {
	log, err := c.logger(std.err)
	if err != nil {
		return err
	}
	if err := c.databaseFlag.check(); err != nil {
		return err
	}
	if err := c.filesFlag.check(); err != nil {
		return err
	}
	if err := c.serverFlags.check(); err != nil {
		return err
	}
	memory, err := c.bytes()
	if err != nil {
		return err
	}
	queue, err := c.queueFlag.requests()
	if err != nil {
		return err
	}
	backups, err := c.plan(c.Database)
	if err != nil {
		return err
	}
	keep, err := c.keepFlags.durations()
	if err != nil {
		return err
	}
	// The port is opened first: a second server started by mistake must not migrate the database.
	l, err := listen(ctx, c.Listen)
	if err != nil {
		return err
	}
	defer l.Close()
	ctx, stop := untilSignal(ctx)
	defer stop()
	h, err := openConfigured(ctx, sqlstore.Config{URL: c.Database, SearchMemory: memory}, app.Config{QueueLimit: queue, Keep: keep}, log)
	if err != nil {
		return err
	}
	defer h.close()
	loading, stopLoading := context.WithCancel(ctx)
	loaded := make(chan struct{})
	go func() { defer close(loaded); h.loadSearch(loading) }()
	defer func() { stopLoading(); <-loaded }() // before the database is closed
	store, err := c.open()
	if err != nil {
		return err
	}
	defer store.Close()
	s, err := h.newServer(c.serverFlags, store)
	if err != nil {
		return err
	}
	if backups != nil {
		backups.store, backups.log = store, log
		ended := make(chan struct{})
		backing, stopBacking := context.WithCancel(ctx)
		go func() { defer close(ended); backups.run(backing) }()
		defer func() { stopBacking(); <-ended }() // before the store is closed
	}
	// Only beside a log for people: a log in JSON is read by programs, and some read both outputs as one.
	if c.LogFormat == "text" {
		if err := c.greet(ctx, std, h.rooms, l.Addr()); err != nil {
			return err
		}
	}
	log.Info("serving", "address", l.Addr().String(), "version", buildVersion())
	if err := s.run(ctx, l, c.serverFlags); err != nil {
		return fmt.Errorf("the server stopped: %w", err)
	}
	log.Info("stopped")
	return nil
}

// untilSignal returns a context that ends at the first SIGINT or SIGTERM. After that, signals have their default effect,
// so a second one ends the process.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
