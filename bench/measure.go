package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"noren/bench/figures"
	"noren/bench/floor"
	"noren/bench/load"
	"noren/bench/member"
	"noren/bench/seed"
	"noren/pgtest"
)

// measureAll measures what the options ask for. With an error it also returns what was measured before.
func measureAll(ctx context.Context, o options, tell figures.Progress) (*figures.Report, error) {
	dir, err := os.MkdirTemp(o.dir, "noren-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	serves := slices.ContainsFunc(o.parts, func(part string) bool { return part == partHTTP || part == partMembers || part == partConsole })
	if serves && o.noren == "" {
		tell.Doing("building the server")
		if o.noren, err = load.BuildServer(ctx, dir); err != nil {
			return nil, err
		}
	}
	r := figures.NewReport(time.Now())
	if slices.Contains(o.parts, partDecode) {
		tell.Doing("decoding")
		if err := measureDecode(ctx, figures.Section{Report: r, Callers: 1}, o.rounds); err != nil {
			return r, err
		}
	}
	// Decoding needs no database, so none is made for it alone.
	if slices.Equal(o.parts, []string{partDecode}) {
		return r, nil
	}
	for _, engine := range o.engines {
		if err := measureEngine(ctx, o, engine, dir, r, tell); err != nil {
			return r, err
		}
	}
	return r, nil
}

// measureEngine measures on one engine, for each number of members.
func measureEngine(ctx context.Context, o options, engine, dir string, r *figures.Report, tell figures.Progress) error {
	var p seed.Place = seed.SQLite{Dir: dir}
	if engine == "postgres" {
		admin := o.postgres
		if admin == "" {
			tell.Doing("postgres: starting a server")
			url, stop, err := pgtest.StartDurable() //nolint:contextcheck // it watches over the server until stop
			if err != nil {
				return err
			}
			defer stop()
			admin = url
		}
		p = seed.Postgres{Admin: admin}
	}
	for _, members := range o.members {
		to := figures.Section{Report: r, Engine: engine, Members: members, Callers: 1}
		m := measurement{options: o, place: p, dir: dir, Progress: tell, to: to}
		if err := m.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// measurement is one engine with one number of members.
type measurement struct {
	options
	figures.Progress
	place seed.Place
	dir   string
	to    figures.Section
}

func (m measurement) run(ctx context.Context) (err error) {
	if slices.Contains(m.parts, partRanks) {
		if err := m.ofRanks(ctx); err != nil {
			return err
		}
	}
	// Ranks have a database of their own.
	if slices.Equal(m.parts, []string{partRanks}) {
		return nil
	}
	seeded, err := seed.Seed(ctx, m.place, m.to.Members, m.Progress)
	// The context may have ended; the database must be removed all the same.
	defer func() { err = errors.Join(err, m.place.Drop(context.WithoutCancel(ctx), seeded)) }()
	if err != nil {
		return err
	}
	if slices.Contains(m.parts, partApply) || slices.Contains(m.parts, partAccept) {
		if err := m.service(ctx, seeded); err != nil {
			return err
		}
	}
	if slices.Contains(m.parts, partHTTP) {
		if err := m.overHTTP(ctx, seeded); err != nil {
			return err
		}
	}
	if slices.Contains(m.parts, partConsole) {
		if err := m.ofConsole(ctx, seeded); err != nil {
			return err
		}
	}
	if slices.Contains(m.parts, partMembers) {
		return member.Run{
			Place: m.place, Dir: m.dir, Program: m.noren, Connections: m.connections, Rounds: m.rounds, Length: m.length,
			To: m.to, Doing: m.doing,
		}.Measure(ctx, seeded)
	}
	return nil
}

// service measures applying and accepting without HTTP, on two copies of the database.
func (m measurement) service(ctx context.Context, seeded string) (err error) {
	s, err := floor.NewSides(ctx, m.place, seeded, m.to.Members, slices.Max(m.connections))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close(context.WithoutCancel(ctx))) }()
	if slices.Contains(m.parts, partApply) {
		for _, c := range floor.Changes() {
			m.doing("applying changes of " + string(c))
			noren, floor, err := s.MeasureApply(ctx, c, m.rounds)
			if err != nil {
				return err
			}
			m.to.Times("apply 100 rows: "+string(c), "the same rows by hand", noren.Median(), floor.Median(), 2)
		}
	}
	if !slices.Contains(m.parts, partAccept) {
		return nil
	}
	a, err := floor.NewAcceptors(ctx, s, slices.Max(m.connections))
	if err != nil {
		return err
	}
	defer a.Close()
	for _, callers := range m.connections {
		m.doing(fmt.Sprintf("accepting, %d callers", callers))
		if err := a.Measure(ctx, m.to.With(callers), m.rounds, m.length); err != nil {
			return err
		}
	}
	return nil
}

func (m measurement) doing(what string) {
	m.Doing(fmt.Sprintf("%s, %d members: %s", m.to.Engine, m.to.Members, what))
}
