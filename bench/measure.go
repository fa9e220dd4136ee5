package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"noren/storetest"
)

// measureAll measures what the options ask for. With an error it answers what was measured before it.
func measureAll(ctx context.Context, o options, tell progress) (*report, error) {
	dir, err := os.MkdirTemp(o.dir, "noren-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	serves := slices.ContainsFunc(o.parts, func(part string) bool { return part == partHTTP || part == partMembers || part == partConsole })
	if serves && o.noren == "" {
		tell.doing("building the server")
		if o.noren, err = buildNoren(ctx, dir); err != nil {
			return nil, err
		}
	}
	r := newReport(time.Now())
	if slices.Contains(o.parts, partDecode) {
		tell.doing("decoding")
		if err := measureDecode(ctx, section{report: r, callers: 1}, o.rounds); err != nil {
			return r, err
		}
	}
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
func measureEngine(ctx context.Context, o options, engine, dir string, r *report, tell progress) error {
	var p place = sqlitePlace{dir}
	if engine == "postgres" {
		admin := o.postgres
		if admin == "" {
			tell.doing("postgres: starting a server")
			url, stop, err := storetest.DurablePostgres() //nolint:contextcheck // it watches over the server until stop
			if err != nil {
				return err
			}
			defer stop()
			admin = url
		}
		p = postgresPlace{admin}
	}
	for _, members := range o.members {
		m := measurement{options: o, place: p, dir: dir, progress: tell, to: section{r, engine, members, 1}}
		if err := m.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// measurement is one engine with one number of members.
type measurement struct {
	options
	progress
	place place
	dir   string
	to    section
}

func (m measurement) run(ctx context.Context) (err error) {
	if slices.Contains(m.parts, partRanks) {
		if err := m.ofRanks(ctx); err != nil {
			return err
		}
	}
	if slices.Equal(m.parts, []string{partRanks}) {
		return nil
	}
	seeded, err := seed(ctx, m.place, m.to.members, m.progress)
	// The context may have ended; the database is to be removed all the same.
	defer func() { err = errors.Join(err, m.place.drop(context.WithoutCancel(ctx), seeded)) }()
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
		return m.ofMembers(ctx, seeded)
	}
	return nil
}

// service measures applying and accepting without HTTP, on two copies of the database.
func (m measurement) service(ctx context.Context, seeded string) (err error) {
	s, err := newSides(ctx, m.place, seeded, m.to.members, slices.Max(m.connections))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(context.WithoutCancel(ctx))) }()
	if slices.Contains(m.parts, partApply) {
		for _, c := range changes() {
			m.doing("applying changes of " + string(c))
			noren, floor, err := s.measureApply(ctx, c, m.rounds)
			if err != nil {
				return err
			}
			m.to.times("apply 100 rows: "+string(c), "the same rows by hand", noren.median(), floor.median(), 2)
		}
	}
	if !slices.Contains(m.parts, partAccept) {
		return nil
	}
	a, err := newAcceptors(ctx, s, slices.Max(m.connections))
	if err != nil {
		return err
	}
	defer a.close()
	for _, callers := range m.connections {
		m.doing(fmt.Sprintf("accepting, %d callers", callers))
		if err := a.measure(ctx, m.to.with(callers), m.rounds, m.length); err != nil {
			return err
		}
	}
	return nil
}

func (m measurement) doing(what string) {
	m.progress.doing(fmt.Sprintf("%s, %d members: %s", m.to.engine, m.to.members, what))
}
