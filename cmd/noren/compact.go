package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"noren/sqlstore"
)

// compactCmd is `noren compact`.
type compactCmd struct {
	databaseFlag
}

// Help is the text of `noren compact --help` above the flags.
func (compactCmd) Help() string {
	return "What is removed leaves room in a SQLite file, which later data fills again. This command writes the file anew without it. " +
		"A server beside it cannot write meanwhile, some seconds for each gigabyte, and returns 503 to writes that wait too long. " +
		"The disk needs free room for a second copy. PostgreSQL needs no such command."
}

// Run compacts the file and prints its size before and after.
func (c *compactCmd) Run(ctx context.Context, std streams) error {
	if err := c.mustExist(); err != nil {
		return err
	}
	h, err := openHouse(ctx, c.Database, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer h.close()
	before, after, err := h.engine.Compact(ctx)
	switch {
	case errors.Is(err, sqlstore.ErrCompactsItself):
		say(std.out, "nothing to do: %v\n", err)
		return nil
	case err != nil:
		return fmt.Errorf("compacting the database: %w", err)
	}
	say(std.out, "%s before, %s now\n", megabytes(before), megabytes(after))
	return nil
}
