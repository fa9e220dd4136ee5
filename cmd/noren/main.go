// Command noren is a self-hosted server that speaks the APIs of retail loyalty services. `noren help` lists what it
// can do; each command is in a file of its own, and wiring.go puts the packages together.
package main

import (
	"context"
	"os"
	_ "time/tzdata" // tenants have time zones, and small images have no database of them
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}
