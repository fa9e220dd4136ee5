package main

import (
	"context"

	"noren/sqlstore"
)

// distributeCmd is `noren distribute`.
type distributeCmd struct {
	databaseFlag
	Apply bool `help:"Run the pending migrations and then the statements, instead of printing them."`
}

// Help is the text of `noren distribute --help` above the flags.
func (distributeCmd) Help() string {
	return "Prints the statements by which the coordinator of Citus distributes the tables of Noren over its workers: nearly all by " +
		"tenant, colocated. It may be run again at any time, and prints only what is still to be done. A server that is connected to " +
		"the coordinator does the same by itself after each migration."
}

// Run prints the statements, and runs them with --apply.
func (c *distributeCmd) Run(ctx context.Context, std streams) error {
	told := 0
	err := sqlstore.Distribute(ctx, c.Database, c.Apply, func(statement string) {
		told++
		say(std.out, "%s;\n", statement)
	})
	if err == nil && told == 0 {
		say(std.out, "-- Every table is where it should be.\n")
	}
	return err
}
