package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are the settings of a run, from the command line.
type options struct {
	engines     []string
	postgres    string
	members     []int
	connections []int
	parts       []string
	length      time.Duration
	rounds      int
	noren       string
	dir         string
	json        string
}

// The parts of a run.
const (
	partApply  = "apply"
	partAccept = "accept"
	partDecode = "decode"
	partHTTP   = "http"
	// partMembers is the ReCORE dialect's members.
	partMembers = "members"
	partRanks   = "ranks"
	partConsole = "console"
)

const usage = `Measures Noren beside a raw floor on this machine, and prints one table. docs/performance.md explains its lines.

  go run ./bench                                        everything, on 1,000 members: minutes
  go run ./bench -parts apply -members 1000,1000000     how the size of the table matters
  go run ./bench -engines sqlite -length 500ms          a first impression
  go run ./bench scale                                  by the number of tenants, on PostgreSQL; it has flags of its own

Databases are made for the run and removed after it. Without -postgres a throw-away PostgreSQL is started from the
programs on this machine.

Flags:
`

// parseOptions reads the flags. Help and errors are written to tell.
func parseOptions(args []string, tell io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(tell)
	f.Usage = func() {
		_, _ = io.WriteString(tell, usage)
		f.PrintDefaults()
	}
	engines := f.String("engines", "sqlite,postgres", "the engines to measure on")
	members := f.String("members", "1000", "how many members the shop has; all is measured once for each number")
	connections := f.String("connections", "1,8,64", "how many connections send requests at once")
	parts := f.String("parts", "apply,accept,decode,http,members,ranks,console", "what to measure")
	f.StringVar(&o.postgres, "postgres", "", "the postgres:// URL of a server to make databases on")
	f.DurationVar(&o.length, "length", 2*time.Second, "how long each measurement of a rate goes on; it is repeated three times")
	f.IntVar(&o.rounds, "rounds", 300, "how many bulk requests are applied on each side")
	f.StringVar(&o.noren, "noren", "", "the noren program to measure over HTTP; built from this module where it is not given")
	f.StringVar(&o.dir, "dir", "", "where SQLite databases are made; a directory of the system's for temporary files where it is not given")
	f.StringVar(&o.json, "json", "", "a file to write the result to as JSON as well")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	// All of them, so that a command line is corrected in one go.
	var errs [5]error
	o.engines, errs[0] = oneOf("engines", *engines, "sqlite", "postgres")
	o.parts, errs[1] = oneOf("parts", *parts, partApply, partAccept, partDecode, partHTTP, partMembers, partRanks, partConsole)
	o.members, errs[2] = numbers("members", *members)
	o.connections, errs[3] = numbers("connections", *connections)
	if f.NArg() > 0 {
		errs[4] = fmt.Errorf("%q is not a flag", f.Arg(0))
	}
	return o, errors.Join(errs[:]...)
}

func oneOf(flag, text string, known ...string) ([]string, error) {
	list := strings.Split(text, ",")
	for _, s := range list {
		if !slices.Contains(known, s) {
			return nil, fmt.Errorf("-%s: %q is none of %s", flag, s, strings.Join(known, ", "))
		}
	}
	return list, nil
}

func numbers(flag, text string) ([]int, error) {
	var list []int
	for s := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-%s: %q is not a number from 1 up", flag, s)
		}
		list = append(list, n)
	}
	return list, nil
}
