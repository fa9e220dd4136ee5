// Package scale measures what a request costs by the number of tenants that share a database, what the looks over all tenants
// cost, and how many bytes a row takes. It is for plans: docs/scale.md has what it found.
package scale

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"noren/bench/figures"
	"noren/bench/floor"
	"noren/bench/seed"
	"noren/pgtest"
)

// Command is the first argument of this part of the program.
const Command = "scale"

const usage = `Measures on PostgreSQL what a request and the looks over all tenants cost by the number of tenants, and the bytes of a row.

  go run ./bench scale                                              in little: up to 1,000 tenants, 100,000 members
  go run ./bench scale -tenants 100,1000,10000 -members 3000000     nearer to the truth: an hour, and 10 GB

A database is made for each number of tenants, and removed at the end. The tenant with the number k has a k-th of the members of
the first one, and ten at least, in every database.

Flags:
`

// options are the settings of a run.
type options struct {
	tenants  []int // ascending
	members  int   // of all tenants in the largest database
	rounds   int
	postgres string
}

func parse(args []string, tell io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("bench "+Command, flag.ContinueOnError)
	f.SetOutput(tell)
	f.Usage = func() {
		_, _ = io.WriteString(tell, usage)
		f.PrintDefaults()
	}
	tenants := f.String("tenants", "10,100,1000", "numbers of tenants, from the smallest up")
	f.IntVar(&o.members, "members", 100_000, "members in the database with the most tenants")
	f.IntVar(&o.rounds, "rounds", 300, "how often each request is measured in each database")
	f.StringVar(&o.postgres, "postgres", "", "the postgres:// URL of a server to make databases on; a throw-away one otherwise")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	for s := range strings.SplitSeq(*tenants, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return o, fmt.Errorf("-tenants: %q is not a number from 1 up", s)
		}
		o.tenants = append(o.tenants, n)
	}
	switch {
	case !slices.IsSorted(o.tenants):
		return o, errors.New("-tenants: the smallest number comes first")
	case o.members < 1 || o.rounds < 1:
		return o, errors.New("-members and -rounds: numbers from 1 up")
	case f.NArg() > 0:
		return o, fmt.Errorf("%q is not a flag", f.Arg(0))
	}
	return o, nil
}

// Run is the command.
func Run(ctx context.Context, args []string, out, tell io.Writer) (err error) {
	o, err := parse(args, tell)
	if err != nil {
		return err
	}
	progress := figures.Progress{To: tell}
	if o.postgres == "" {
		progress.Doing("starting PostgreSQL")
		url, stop, err := pgtest.StartDurable() //nolint:contextcheck // it watches over the server until stop
		if err != nil {
			return err
		}
		defer stop()
		o.postgres = url
	}
	place := seed.Postgres{Admin: o.postgres}
	largest := o.tenants[len(o.tenants)-1]
	var databases []*database
	defer func() {
		for _, d := range databases {
			// The context may have ended; the database must be removed all the same.
			err = errors.Join(err, d.close(), place.Drop(context.WithoutCancel(ctx), d.url))
		}
	}()
	for _, n := range o.tenants {
		progress.Doing(fmt.Sprintf("making %d tenants", n))
		d, err := makeDatabase(ctx, place, sizes(largest, o.members)[:n])
		if d != nil {
			databases = append(databases, d)
		}
		if err != nil {
			return err
		}
	}
	t := table{to: tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)}
	if err := t.measure(ctx, o, databases, progress); err != nil {
		return err
	}
	return t.bytes(ctx, out, databases[len(databases)-1])
}

// sizes is how many members each tenant has: the first the most, the others a share of that by their number, as Zipf's law has
// it, and ten at least.
func sizes(tenants, members int) []int {
	const least = 10
	harmonic := 0.0
	for k := range tenants {
		harmonic += 1 / float64(k+1)
	}
	list := make([]int, tenants)
	for k := range list {
		list[k] = max(least, int(float64(members)/harmonic/float64(k+1)))
	}
	return list
}

// database is one of those that are compared, with a server's use cases on it.
type database struct {
	url     string
	tenants int
	members []int // of each tenant
	*floor.Subject
	turn int // which tenant is next
}

func (d *database) close() error {
	if d.Subject == nil {
		return nil
	}
	return d.Engine.Close()
}

// table writes a line for each thing that is measured.
type table struct{ to *tabwriter.Writer }

// measure measures each thing in turns in all databases, so that other load on the machine hits them alike.
func (t table) measure(ctx context.Context, o options, databases []*database, tell figures.Progress) error {
	head := "ms, median\t"
	for _, d := range databases {
		head += fmt.Sprintf("%d tenants\t", d.tenants)
	}
	_, _ = fmt.Fprintln(t.to, head+"last : first\t") // the writer keeps its error until Flush
	for _, l := range lines() {
		tell.Doing(l.name)
		ways := make([]func(context.Context) (time.Duration, error), len(databases))
		for i, d := range databases {
			ways[i] = func(ctx context.Context) (time.Duration, error) { return l.run(ctx, d) }
		}
		rounds := o.rounds
		if l.seldom {
			rounds = max(1, rounds/10)
		}
		// The same turns once before: what a server reads of a tenant when it is first asked, such as its search index, would be
		// measured otherwise, and only where each turn is another tenant's.
		var all []figures.Samples
		for range 2 {
			for _, d := range databases {
				d.turn = 0
			}
			var err error
			if all, err = figures.Turns(ctx, rounds, ways...); err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
		}
		row := l.name + "\t"
		for _, s := range all {
			row += fmt.Sprintf("%.2f\t", milliseconds(s.Median()))
		}
		_, _ = fmt.Fprintf(t.to, "%s%.2f\t\n", row, float64(all[len(all)-1].Median())/float64(max(1, all[0].Median())))
	}
	return t.to.Flush()
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// bytes writes what a row of the largest database takes, with its indexes.
func (t table) bytes(ctx context.Context, out io.Writer, d *database) error {
	db, err := seed.Postgres{}.Open(d.url, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := fmt.Fprintf(out, "\n"); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(t.to, "table\trows\tbytes a row\tof these indexes\t") // as above
	for _, name := range measuredTables() {
		var rows, all, indexes int64
		err := db.QueryRowContext(ctx, "SELECT COUNT(*), pg_total_relation_size('"+name+"'), pg_indexes_size('"+name+"') FROM "+name).
			Scan(&rows, &all, &indexes)
		if err != nil {
			return fmt.Errorf("measuring the table %s: %w", name, err)
		}
		rows = max(rows, 1)
		_, _ = fmt.Fprintf(t.to, "%s\t%d\t%d\t%d\t\n", name, rows, all/rows, indexes/rows)
	}
	return t.to.Flush()
}
