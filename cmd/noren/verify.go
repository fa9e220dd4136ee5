package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"noren"
	"noren/app"
	"noren/sqlstore"
)

// verifyCmd is `noren verify`.
type verifyCmd struct {
	databaseFlag
}

// Help is the text of `noren verify --help` above the flags.
func (verifyCmd) Help() string {
	return "This command only reads: it can run beside a server, and does not migrate the schema. " +
		"The exit code is 1 if an invariant is violated."
}

// Run checks the stored data and prints the result.
func (c *verifyCmd) Run(ctx context.Context, std streams) error {
	if err := c.mustExist(); err != nil {
		return err
	}
	h, err := openConfigured(ctx, sqlstore.Config{URL: c.Database, ReadOnly: true}, app.Config{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer h.close()
	checks, err := h.rooms.Engine.Verify(ctx)
	if err != nil {
		return fmt.Errorf("checking the stored data: %w", err)
	}
	return printChecks(std.out, checks)
}

// printChecks prints each check with its counts, and returns errReported if an invariant is violated.
func printChecks(out io.Writer, checks []noren.Check) error {
	// The overview comes first, then the violations: the last lines stay in view on a terminal.
	violated := 0
	w := newTable(out)
	for _, c := range checks {
		if c.Violated == 0 {
			say(w, "ok\t%s\t%s checked\n", c.Name, number(c.Checked))
			continue
		}
		violated++
		say(w, "VIOLATED\t%s\t%s of %s\n", c.Name, number(c.Violated), number(c.Checked))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if violated == 0 {
		say(out, "\nAll %d invariants hold.\n", len(checks))
		return nil
	}
	for _, c := range checks {
		if c.Violated == 0 {
			continue
		}
		say(out, "\n%s:\n", c.Name)
		for _, v := range c.Violations {
			say(out, "  %s\n", v)
		}
		if more := c.Violated - len(c.Violations); more > 0 {
			say(out, "  … and %s more\n", number(more))
		}
	}
	say(out, "\n%d of %d invariants are violated.\n", violated, len(checks))
	return errReported
}
