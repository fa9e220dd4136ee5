//go:build linux

package crashtest

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"noren/pgtest"
)

// Flags of TestStorm.
var (
	stormFor    = flag.Duration("storm", 0, "how long TestStorm lasts; 0: a few seconds, without faults that need a program built for them")
	stormFaults = flag.String("storm-faults", "", "the faults of TestStorm, separated by commas; empty: all")
)

// maxRound is how long load and faults last before everything that they did is checked, on shops of their own.
const maxRound = 2 * time.Minute

// stormShops is the number of shops of a round.
const stormShops = 2

// TestStorm sends every kind of request, in all dialects, to both engines, while every fault that this machine permits
// strikes at random: to one node on SQLite, and to two on PostgreSQL. Then nothing may be lost, take effect twice or be
// out of order, and every ledger must add up.
func TestStorm(t *testing.T) {
	t.Parallel()
	y := newTally()
	t.Cleanup(func() { y.report(t) }) // after the engines, which are tested side by side
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		s := newStorm(t, y, 1)
		disk := s.mount(t, "files and database")
		s.in.database = "sqlite:" + filepath.Join(disk.dir, "noren.db")
		s.run(t, nil)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		s := newStorm(t, y, 2)
		s.mount(t, "files")
		server := pgtest.NewServer(t)
		s.in.database = server.Database(t)
		s.addNetworks(t)
		s.run(t, server)
		y.deadlocks(strings.Count(server.Log(t), "deadlock detected"))
	})
}

// storm is an installation under load and faults.
type storm struct {
	*tally
	name   string
	files  string // the directory of the attachments
	in     installation
	nodes  []*node
	clocks bool // the program takes the time from a file
	// receivers is the network between the nodes and the receivers of callbacks; nil: there is none.
	receivers *link
	skies     map[string][]fault // what strikes, by what is struck: one at a time
}

// fault is something that goes wrong. strike returns when it is over.
type fault struct {
	name   string
	strike func(ctx context.Context, r *round)
}

// newStorm makes a storm of that many nodes. Its database is still to be named.
func newStorm(t *testing.T, y *tally, nodes int) *storm {
	t.Helper()
	s := &storm{tally: y, name: filepath.Base(t.Name()), skies: make(map[string][]fault)}
	s.clocks = *stormFor > 0 && chosen("clock")
	s.in = installation{t: t, binary: binary(t), address: freeAddress(t)}
	if s.clocks {
		s.in.binary = clockedBinary(t)
	}
	for i := range nodes {
		n := &node{storm: s, name: fmt.Sprint("node ", i+1), address: s.in.address, step: filepath.Join(t.TempDir(), "step")}
		if err := os.WriteFile(n.step, []byte("0"), 0o600); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			n.address = freeAddress(t)
			s.in.also = append(s.in.also, n.address)
		}
		s.nodes = append(s.nodes, n)
		s.addNodeFaults(n)
	}
	return s
}

// chosen reports whether the fault is to strike.
func chosen(fault string) bool {
	return *stormFaults == "" || strings.Contains(","+*stormFaults+",", ","+fault+",")
}

// run goes through rounds of load until the time is over.
func (s *storm) run(t *testing.T, server *pgtest.Server) {
	s.addCommonFaults()
	if server != nil {
		s.addServerFaults(server)
	}
	lasts := *stormFor
	if lasts == 0 {
		lasts = 8 * time.Second
		if testing.Short() {
			lasts = 3 * time.Second
		}
	}
	end := time.Now().Add(lasts)
	for n := 1; time.Until(end) > 0; n++ {
		t.Run(fmt.Sprint("round", n), func(t *testing.T) { s.newRound(t, n).run(min(time.Until(end), maxRound)) })
	}
}

// round is a storm on shops of its own.
type round struct {
	*storm
	t       complaints
	number  int
	in      *installation
	load    *load
	shopify *shopify
	tellers []*teller
}

// newRound starts the nodes and adds shops.
func (s *storm) newRound(t *testing.T, number int) *round {
	t.Helper()
	counted := complaints{t, s.tally}
	in := s.in
	in.t = counted
	r := &round{storm: s, t: counted, number: number, in: &in}
	name := fmt.Sprintf("round%dshop", number)
	clients := append(in.apply(shopFile(name, stormShops)), in.apply(stormClients(name, stormShops))...)
	keys := make(map[string]*teller)
	for _, c := range clients {
		if keys[c.Tenant] == nil {
			keys[c.Tenant] = newTeller(r, c.Tenant)
			r.tellers = append(r.tellers, keys[c.Tenant])
		}
		keys[c.Tenant].learn(c)
		if c.AccessToken != "" {
			in.clients = append(in.clients, c)
		}
	}
	r.load, r.shopify = newLoad(counted, &in), newShopify(&in)
	r.load.skewed, r.load.limited, r.load.pause, r.shopify.pause = s.clocks, true, pause(stormPause), pause(stormPause)
	r.load.tally, r.shopify.tally = s.tally, s.tally
	if s.receivers != nil {
		r.load.via = s.receivers.address
		s.receivers.lead(r.load.callback)
	}
	return r
}

// stormPause is the longest pause of a sender. Without any the senders would take the machine from the servers.
const stormPause = 150 * time.Millisecond

// run sends the load through the faults, waits until everything that was accepted has been done, and checks it.
func (r *round) run(lasts time.Duration) {
	for _, n := range r.nodes {
		n.start(r.t)
	}
	ctx, cancel := context.WithTimeout(r.t.Context(), lasts)
	defer cancel()
	stops := []func(){r.load.start(), r.shopify.start()}
	for _, c := range r.tellers {
		stops = append(stops, c.start())
	}
	r.progress(ctx)
	var weather sync.WaitGroup
	for _, sky := range r.skies {
		weather.Go(func() { r.strike(ctx, sky) })
	}
	weather.Wait()
	<-ctx.Done()
	for _, stop := range stops {
		stop()
	}
	r.settle()
	for _, n := range r.nodes {
		n.stop(r.t)
	}
	r.load.check(r.t)
	r.shopify.check(r.t)
	for _, c := range r.tellers {
		c.check()
	}
	r.t.Logf("round %d is checked", r.number)
}

// settle waits until the callback of every accepted request was delivered.
func (r *round) settle() {
	for end := time.Now().Add(patience); r.load.owed() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Errorf("late: callbacks are owed %v after the last fault: %d", patience, r.load.owed())
			return
		}
	}
}

// strike lets one of the faults strike after the other, until ctx ends.
func (r *round) strike(ctx context.Context, sky []fault) {
	for sleep(ctx, between(500*time.Millisecond, 8*time.Second)) {
		f := sky[rand.IntN(len(sky))]
		r.fault(r.name + ": " + f.name)
		f.strike(ctx, r)
	}
}

// progress logs now and then what was done so far.
func (r *round) progress(ctx context.Context) {
	go func() {
		for sleep(ctx, 20*time.Second) {
			r.t.Logf("%s", r.line())
		}
	}()
}

// node is one server of a storm.
type node struct {
	*storm
	name    string
	address string
	// database is how it reaches the database; "": as everybody else.
	database string
	step     string // the file that says how far its clock is off

	mu     sync.Mutex
	server *server
}

// start starts the node, again and again if it ends because of another fault.
func (n *node) start(t complaints) {
	n.mu.Lock()
	defer n.mu.Unlock()
	in := n.in
	in.t, in.address, in.settings = t, n.address, slices.Concat(n.in.settings, []string{"NOREN_STORM_CLOCK=" + n.step})
	if n.database != "" {
		in.database = n.database
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		s, err := in.launch()
		if err == nil {
			n.server = s
			return
		}
		if time.Now().After(end) {
			t.Errorf("%s does not start: %v", n.name, err)
			n.server = nil
			return
		}
		n.fault(n.storm.name + ": " + n.name + " did not start at once")
	}
}

// stop stops the node as an operator would.
func (n *node) stop(t complaints) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.alive(t) {
		n.server.stop()
		n.readLog(t)
	}
}

// alive reports whether the node runs. It may not have ended by itself.
func (n *node) alive(t complaints) bool {
	if n.server == nil {
		return false
	}
	select {
	case <-n.server.off:
		t.Errorf("%s ended by itself: %v\n%s", n.name, n.server.end, n.server.log.Bytes())
		n.readLog(t)
		return false
	default:
		return true
	}
}

// kill kills the node.
func (n *node) kill(t complaints) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.alive(t) {
		n.server.kill()
		n.readLog(t)
	}
}

// signal sends the process a signal.
func (n *node) signal(t complaints, signal os.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.alive(t) {
		return
	}
	if err := n.server.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("%s: %v", n.name, err)
	}
}

// readLog counts what the ended process called an error, and complains of what a program may never say.
func (n *node) readLog(t complaints) {
	log := n.server.log.Bytes()
	n.server = nil
	for line := range bytes.Lines(log) {
		_, after, isError := strings.Cut(string(line), "level=ERROR msg=")
		if isError {
			n.logged(message(after))
		}
		if isError && strings.HasPrefix(after, `"request failed"`) {
			t.Errorf("%s had an error of its own: %s", n.name, line)
		}
		if strings.Contains(string(line), "panic") || strings.Contains(string(line), "DATA RACE") {
			t.Errorf("%s panicked: %s", n.name, line)
		}
	}
}

// message is the message of a line of the log, which may be quoted.
func message(rest string) string {
	if quoted, ok := strings.CutPrefix(rest, `"`); ok {
		text, _, _ := strings.Cut(quoted, `"`)
		return text
	}
	text, _, _ := strings.Cut(rest, " ")
	return text
}
