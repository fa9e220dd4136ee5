// Command noren is a self-hosted server that speaks the APIs of retail loyalty services. `noren help` lists its commands.
// Each command is in its own file, and wiring.go puts the packages together.
package main

import (
	"context"
	"os"
	"runtime"
	_ "time/tzdata" // tenants have time zones, and minimal images lack the zone database
)

func main() {
	spareProcessor()
	os.Exit(run(context.Background(), os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

// spareProcessor lets Go run one goroutine more at a time than the machine has processors, unless GOMAXPROCS says how many.
// Go looks for what has arrived from the network when a processor has nothing else to run, or after 10 ms. Where each of two
// is busy with something long, such as SQLite's writer, a request for one member waited that long.
func spareProcessor() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
}
