// Command noren is a self-hosted server that speaks the APIs of retail loyalty services. `noren help` lists its commands.
// Each command is in its own file, and wiring.go puts the packages together.
package main

import (
	"context"
	"os"
	_ "time/tzdata" // tenants have time zones, and minimal images lack the zone database
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}
