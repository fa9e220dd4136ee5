package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// serveCmd is `noren serve`.
type serveCmd struct {
	databaseFlag
	filesFlag
	serverFlags
	logFlags
}

// Help is what `noren serve --help` says besides the flags.
func (serveCmd) Help() string {
	return "People use the console, at /console/, with the logins that a shop file gives them. " +
		"The database is made and brought up to date by itself. On SIGTERM or SIGINT the server stops within half a " +
		"minute: it takes no new requests, finishes those that run, and leaves what waits to the next start; a second " +
		"signal stops it at once, which loses nothing either. Several servers may share one PostgreSQL database."
}

// Run serves until a signal comes.
func (c *serveCmd) Run(ctx context.Context, std streams) error {
	log, err := c.logger(std.err)
	if err != nil {
		return err
	}
	if err := c.databaseFlag.check(); err != nil {
		return err
	}
	if err := c.serverFlags.check(); err != nil {
		return err
	}
	// The port comes first: a second server started by mistake should not touch the database.
	l, err := listen(ctx, c.Listen)
	if err != nil {
		return err
	}
	defer l.Close()
	ctx, stop := untilSignal(ctx)
	defer stop()
	h, err := openHouse(ctx, c.Database, log)
	if err != nil {
		return err
	}
	defer h.close()
	store, err := c.open()
	if err != nil {
		return err
	}
	defer store.Close()
	s, err := h.newServer(c.serverFlags, store)
	if err != nil {
		return err
	}
	log.Info("serving", "address", l.Addr().String(), "version", buildVersion())
	if err := s.run(ctx, l, c.serverFlags); err != nil {
		return fmt.Errorf("the server stopped: %w", err)
	}
	log.Info("stopped")
	return nil
}

// untilSignal answers a context that ends at the first SIGINT or SIGTERM. From then on signals do what they do to
// any process, so the next one ends it.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
