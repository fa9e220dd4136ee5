package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"noren/app"
	"noren/sqlstore"
)

// copyCmd is `noren copy`.
type copyCmd struct {
	From string `required:"" placeholder:"URL" help:"Database to copy: sqlite:PATH or postgres://…. It is only read."`
	To   string `required:"" placeholder:"URL" help:"New, empty database to copy into: sqlite:PATH or postgres://…."`
}

// Help is the text of `noren copy --help` above the flags.
func (copyCmd) Help() string {
	return "Stop the servers of both databases first; the command refuses to run beside one. The source must have been opened by a " +
		"server of this version, which migrates it. A copy that was interrupted goes on where it was when the same command is run again, " +
		"and no server starts on the target before everything is there. At the end all rows of both are compared, and the target is " +
		"checked as by noren verify. Attachments are not in the database: start the new server with the same NOREN_FILES."
}

// Run copies, compares and verifies.
func (c *copyCmd) Run(ctx context.Context, std streams) error {
	if err := c.check(); err != nil {
		return err
	}
	done, err := sqlstore.Transfer(ctx, c.From, c.To, copyProgress(std.out))
	if err != nil {
		return fmt.Errorf("noren copy: %w", err)
	}
	if done.Earlier > 0 {
		say(std.out, "%s of the rows had been copied before.\n", number(done.Earlier))
	}
	say(std.out, "%s rows are copied, and equal to those of the source.\n", number(done.Rows))
	if done.Files > 0 {
		say(std.out, "They refer to %s attachments, which stay where NOREN_FILES says: start the new server with the same.\n", number(done.Files))
	}
	h, err := openConfigured(ctx, sqlstore.Config{URL: c.To, ReadOnly: true}, app.Config{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer h.close()
	checks, err := h.engine.Verify(ctx)
	if err != nil {
		return fmt.Errorf("checking what was copied: %w", err)
	}
	return printChecks(std.out, checks)
}

// check checks the URLs, and that a file to copy exists: SQLite would make it.
func (c *copyCmd) check() error {
	for _, f := range []struct{ name, url string }{{"from", c.From}, {"to", c.To}} {
		if (databaseFlag{f.url}).check() != nil {
			// The value is not repeated in the message: it may contain a password.
			return usageError{fmt.Errorf("--%s: must be sqlite:PATH or postgres://user:password@host/database", f.name)}
		}
	}
	if (databaseFlag{c.From}).mustExist() != nil {
		return usageError{fmt.Errorf("--from: no database file %s", strings.TrimPrefix(c.From, "sqlite:"))}
	}
	return nil
}

// copyProgress prints a line for each table that is done, and for every hundred thousand rows of a long one.
func copyProgress(out io.Writer) func(sqlstore.Progress) {
	const every = 100_000
	said := int64(0)
	return func(p sqlstore.Progress) {
		switch {
		case p.Copied >= p.Rows:
			said = 0
			say(out, "%s: %s rows\n", p.Table, number(p.Rows))
		case p.Copied-said >= every:
			said = p.Copied
			say(out, "%s: %s of %s rows\n", p.Table, number(p.Copied), number(p.Rows))
		}
	}
}
