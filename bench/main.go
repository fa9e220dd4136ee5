// Command bench measures Noren beside a raw floor: what the same effect costs at least on the same engine and the
// same machine, measured in turns with Noren in one run. Its result is ratios, because times alone say more about
// the machine. docs/performance.md tells what each line means.
//
//	go run ./bench -help
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run is the command. An error of the flags is told with how to use them.
func run(ctx context.Context, args []string, in io.Reader, out, tell io.Writer) error {
	if len(args) > 0 && args[0] == bareCommand {
		return serveBare(ctx, args[1:], in, out)
	}
	o, err := parseOptions(args, tell)
	if err != nil {
		return err
	}
	r, err := measureAll(ctx, o, progress{tell})
	if r == nil {
		return err
	}
	// What was measured before an error is worth showing.
	return errors.Join(r.writeTable(out), r.save(o.json), err)
}
