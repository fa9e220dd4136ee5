package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"noren"
	"noren/cmd/noren/demoshop"
)

// demoCmd is `noren demo`. It has no settings from the environment: whoever tries the demo on a machine that also runs a
// server must not reach that server's data.
type demoCmd struct {
	Listen  string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address to listen on; another port is taken if this one is in use."`
	Members int    `default:"3000" help:"How many members to make up."`
	Seed    uint64 `default:"1" help:"The same seed makes up the same members."`
	Once    bool   `help:"Stop after the first bulk update and its callback."`
}

// Help is what `noren demo --help` says besides the flags.
func (demoCmd) Help() string {
	return "Nothing is left behind when it ends. Callbacks go to a receiver of the demo's own, which shows what arrives; " +
		"they can reach this machine only."
}

// mostMembers keeps a slip of the finger from filling the disk.
const mostMembers = 1_000_000

// Run loads the shop, serves it, makes a first bulk update and shows what arrives until a signal comes.
func (c *demoCmd) Run(ctx context.Context, std streams) error {
	if c.Members < alwaysShown || c.Members > mostMembers {
		return usageError{fmt.Errorf("--members: it can be %d to %d", alwaysShown, mostMembers)}
	}
	ctx, stop := untilSignal(ctx)
	defer stop()
	// What is opened is closed in the opposite order, so the directory goes last.
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
	// Requests are not logged: the terminal belongs to the callbacks.
	log := slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	h, err := openHouse(ctx, "sqlite:"+filepath.Join(dir, "noren.db"), log)
	if err != nil {
		return err
	}
	defer h.close()
	shop := demoshop.New(c.Seed, time.Now(), c.Members)
	for i := range shop.ConsoleUsers {
		shop.ConsoleUsers[i].Password = rand.Text()
	}
	report, err := c.load(ctx, std, h.service, shop)
	if err != nil {
		return err
	}
	receiver, err := newReceiver(ctx, std.out, h.service, report.Clients)
	if err != nil {
		return err
	}
	defer receiver.close()

	// As in earnest, but for callbacks, which may go to this machine and nowhere else that is private.
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
	ended := make(chan error, 1) // room for the answer of a server whose end nobody waits for
	go func() { ended <- s.run(serving, l, flags) }()

	keys, err := identify(ctx, h.service, []noren.ShopReport{report}, time.Now())
	if err == nil {
		err = newTour(std.out, "http://"+l.Addr().String(), receiver, report, keys, shop.ConsoleUsers).walk(ctx)
	}
	if err == nil && !c.Once {
		say(std.out, "Callbacks appear here as they arrive. Ctrl-C ends the demo and removes its data.\n\n")
		select {
		case <-ctx.Done():
		case err = <-ended:
			return err
		}
	}
	cancel()
	if ctx.Err() != nil {
		err = nil // it was broken off on purpose
	}
	return errors.Join(err, <-ended)
}

// listen takes the port that is asked for, or any other where a program has it already.
func (c *demoCmd) listen(ctx context.Context, std streams) (net.Listener, error) {
	l, err := listen(ctx, c.Listen)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return l, err
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, err
	}
	if l, err = listen(ctx, net.JoinHostPort(host, "0")); err == nil {
		say(std.out, "%s is taken; using %s.\n", c.Listen, l.Addr())
	}
	return l, err
}

// load applies the shop as `noren apply` would.
func (c *demoCmd) load(ctx context.Context, std streams, service *noren.Service, shop noren.Shop) (noren.ShopReport, error) {
	begin := time.Now()
	say(std.out, "Loading a shop with %s members …", number(c.Members))
	report, err := service.ApplyShop(ctx, shop)
	if err != nil {
		say(std.out, "\n")
		return report, fmt.Errorf("loading the demo shop: %w", err)
	}
	say(std.out, " done in %.1f s.\n", time.Since(begin).Seconds())
	return report, nil
}
