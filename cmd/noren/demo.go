package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"noren/app"
	"noren/app/shop"
	"noren/cmd/noren/demoshop"
	"noren/sqlstore"
)

// demoCmd is `noren demo`. It reads no settings from the environment: a demo on a machine that also runs a server must
// not touch that server's data.
type demoCmd struct {
	Listen  string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address to listen on; a free port is used if this one is taken."`
	Members int    `default:"3000" help:"Number of members to generate."`
	Seed    uint64 `default:"1" help:"Seed of the generator; the same seed gives the same members."`
	Once    bool   `help:"Exit after the first bulk update and its callback."`
}

// Help is the text of `noren demo --help` above the flags.
func (demoCmd) Help() string {
	return "The demo removes its data when it ends. Callbacks go to a receiver inside the demo, which prints them; they cannot " +
		"reach any other machine."
}

// mostMembers keeps a slip of the finger from filling the disk.
const mostMembers = 1_000_000

// Run loads the shop, serves it, makes a first bulk update and prints callbacks until a signal arrives.
func (c *demoCmd) Run(ctx context.Context, std streams) error {
	if c.Members < alwaysShown || c.Members > mostMembers {
		return usageError{fmt.Errorf("--members: must be %d to %d", alwaysShown, mostMembers)}
	}
	ctx, stop := untilSignal(ctx)
	defer stop()
	// Deferred calls run in reverse order, so the directory is removed after everything in it is closed.
	dir, err := os.MkdirTemp("", "noren-demo-")
	if err != nil {
		return fmt.Errorf("making a directory for the demo: %w", err)
	}
	defer os.RemoveAll(dir)
	l, err := c.listen(ctx, std)
	if err != nil {
		return err
	}
	defer l.Close()
	// Requests are not logged: the terminal is for the callbacks.
	log := slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	h, err := openConfigured(ctx, sqlstore.Config{URL: "sqlite:" + filepath.Join(dir, "noren.db")}, app.Config{}, log)
	if err != nil {
		return err
	}
	defer h.close()
	wanted := demoshop.New(c.Seed, time.Now(), c.Members)
	// Not a fixed password: the demo may listen on an address that others can reach.
	for i := range wanted.ConsoleUsers {
		wanted.ConsoleUsers[i].Password = typeable()
	}
	report, err := c.load(ctx, std, h, wanted)
	if err != nil {
		return err
	}
	receiver, err := newReceiver(ctx, std, h.rooms, report.Clients)
	if err != nil {
		return err
	}
	defer receiver.close()
	// Before the server, whose worker would apply and deliver the same.
	past, err := newLife(ctx, h, c.Seed, wanted.Members, receiver.URL)
	if err == nil {
		err = past.live(ctx)
	}
	if err != nil {
		return err
	}

	// The settings of a real server, except that callbacks may reach this machine, and no other private network.
	flags := serverFlags{RateLimits: "documented", CallbackAllow: "127.0.0.0/8"}
	store, err := filesFlag{filepath.Join(dir, "files")}.open()
	if err != nil {
		return err
	}
	defer store.Close()
	s, err := h.newServer(flags, store)
	if err != nil {
		return err
	}
	serving, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1) // buffered: on an error below nobody waits for the server
	go func() { ended <- s.run(serving, l, flags) }()

	keys, err := identify(ctx, h.rooms, []shop.Report{report})
	if err == nil {
		err = newTour(std, "http://"+l.Addr().String(), receiver, report, keys, wanted.ConsoleUsers).walk(ctx)
	}
	if err == nil && !c.Once {
		say(std.out, "%s\n\n", std.words("コールバックは届くたびにここに表示します。Ctrl-Cで終了し、データを削除します。",
			"Callbacks are printed here as they arrive. Press Ctrl-C to end the demo and remove its data."))
		select {
		case <-ctx.Done():
		case err = <-ended:
			return err
		}
	}
	cancel()
	if ctx.Err() != nil {
		err = nil // interrupted by the user
	}
	return errors.Join(err, <-ended)
}

// listen listens on the requested port, or on any free one if another program has it.
func (c *demoCmd) listen(ctx context.Context, std streams) (net.Listener, error) {
	l, err := listen(ctx, c.Listen)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return l, err
	}
	// The host stays: a demo that was meant for this machine only must not become public.
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, err
	}
	if l, err = listen(ctx, net.JoinHostPort(host, "0")); err == nil {
		say(std.out, std.words("%sは使用中のため、%sを使用します。\n", "%s is in use; using %s instead.\n"), c.Listen, l.Addr())
	}
	return l, err
}

// load applies the shop as `noren apply` would, but for the days on which members joined.
func (c *demoCmd) load(ctx context.Context, std streams, h *house, wanted shop.Shop) (shop.Report, error) {
	begin := time.Now()
	say(std.out, std.words("会員%s人の店舗を準備しています…", "Loading a shop with %s members …"), number(c.Members))
	err := join(ctx, h, wanted, begin)
	var report shop.Report
	if err == nil {
		report, err = h.rooms.Shop.Apply(ctx, wanted)
	}
	for i, l := range report.Lines { // in a database that was empty all of it is new, whatever join has made before
		report.Lines[i] = shop.ReportLine{What: l.What, Created: l.Created + l.Updated + l.Unchanged}
	}
	if err != nil {
		say(std.out, "\n")
		return report, fmt.Errorf("loading the demo shop: %w", err)
	}
	say(std.out, std.words("完了(%.1f秒)。\n", " done in %.1f s.\n"), time.Since(begin).Seconds())
	return report, nil
}

// typeable returns a password of eight letters and digits, about 39 bits, without those that look like others. That is enough
// for a demo: a login has to wait after a few failures.
func typeable() string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789"
	password := make([]byte, 8)
	for i := range password {
		n, _ := rand.Int(rand.Reader, big.NewInt(int64(len(letters)))) // it never fails: crypto/rand ends the process first
		password[i] = letters[n.Int64()]
	}
	return string(password)
}
