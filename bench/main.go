// Command bench measures Noren beside a floor: the least that the same effect costs on the same engine and the same
// machine, measured in turns with Noren in one run. The result is ratios, because times alone say more about the machine.
// docs/performance.md explains each line.
//
//	go run ./bench -help
//	go run ./bench scale -help
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"noren/bench/figures"
	"noren/bench/load"
	"noren/bench/member"
	"noren/bench/scale"
	"noren/bench/seed"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run is the command. An error in the flags is printed with their usage.
func run(ctx context.Context, args []string, in io.Reader, out, tell io.Writer) error {
	// Before the flags: the program starts itself with this argument, and nobody types it.
	if len(args) > 0 && args[0] == load.BareCommand {
		return bareServer(ctx, args[1:], in, out)
	}
	if len(args) > 0 && args[0] == scale.Command {
		return scale.Run(ctx, args[1:], out, tell)
	}
	o, err := parseOptions(args, tell)
	if err != nil {
		return err
	}
	r, err := measureAll(ctx, o, figures.Progress{To: tell})
	if r == nil {
		return err
	}
	// What was measured before an error is worth showing.
	return errors.Join(r.WriteTable(out), r.Save(o.json), err)
}

// bareConnections is how many connections to the database the bare server may have.
const bareConnections = 64

// bareServer is this program as the bare server. With an engine and a URL as arguments it first does the reads of
// GET /members/{id} by hand.
func bareServer(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	if len(args) != 2 {
		return load.ServeBare(ctx, http.HandlerFunc(load.AnswerBare), in, out)
	}
	reads, err := member.NewReads(ctx, seed.PlaceOf(args[0]), args[1], bareConnections)
	if err != nil {
		return err
	}
	defer reads.Close()
	return load.ServeBare(ctx, reads.Handler(), in, out)
}
