package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"noren"
	"noren/app"
	"noren/app/ranks"
	"noren/ladder"
)

// ranksRun runs or previews the checks of one tenant, and prints them.
type ranksRun struct {
	rooms  *app.App
	tenant noren.Tenant
	ladder ranks.Ladder
	std    streams
	now    time.Time
	dryRun bool
}

// when formats a time in the tenant's zone.
func (r *ranksRun) when(t time.Time) string { return t.In(r.tenant.Location()).Format(time.RFC3339) }

// unrun is the tenant's first check that has not begun, due or not.
func (r *ranksRun) unrun() ladder.Check {
	var latest time.Time
	if len(r.ladder.Checks) > 0 {
		latest = r.ladder.Checks[0].At
	}
	c, _ := r.tenant.Programme.Due(latest, r.now, r.tenant.Location())
	return c
}

// one runs or previews the check at a time, unless it has already finished.
func (r *ranksRun) one(ctx context.Context, at time.Time) error {
	begun, err := r.rooms.Ranks.CheckAt(ctx, r.tenant, at)
	if err != nil {
		return err
	}
	if begun != nil && begun.FinishedAt != nil {
		say(r.std.out, "%s: the rank check of %s already ran at %s and does not run again: %s promoted, %s demoted, %s unchanged\n",
			r.tenant.Contract, r.when(at), r.when(*begun.FinishedAt), number(begun.Risen), number(begun.Fallen), number(begun.Stayed))
		return nil
	}
	l := &moveList{run: r, ranks: r.ladder.Ranks, stayed: make(map[noren.RankReason]int)}
	if begun != nil {
		l.ranks = begun.Rules.Ranks // a check goes on with the rules it began with
	}
	if err := r.head(at, begun); err != nil {
		return err
	}
	if r.dryRun {
		err = r.rooms.Ranks.Preview(ctx, r.tenant, nil, at, func(m noren.RankMove) error {
			if !m.Moved() {
				l.stayed[m.Reason]++
			}
			return l.add(m)
		})
	} else {
		var raced bool
		_, err = r.rooms.Ranks.Check(ctx, r.tenant, at, func(s ranks.Slice) error {
			for why, n := range s.Stayed {
				l.stayed[why] += n
			}
			raced = raced || s.Raced
			return l.add(s.Moves...)
		})
		if raced {
			say(r.std.out, "  another process is working on this check too; the changes it made are not listed here\n")
		}
	}
	l.end(err == nil)
	if err != nil && ctx.Err() != nil {
		return errors.New("interrupted; run the same command again to continue the check")
	}
	if kind := noren.KindOf(err); kind == noren.Invalid || kind == noren.Conflict {
		return usageError{fmt.Errorf("--at: %w", err)}
	}
	return err
}

// head prints which check it is, and what is unusual about it. A time at which no check is due is a usage error.
func (r *ranksRun) head(at time.Time, begun *noren.RankCheck) error {
	var notes []string
	planned, falls := r.tenant.Programme.At(at, r.tenant.Location())
	switch next := r.unrun(); {
	case begun != nil:
		planned = ladder.Check{At: begun.At, From: begun.From, Until: begun.Until}
		notes = append(notes, "continues a check that was interrupted")
	case !falls:
		return usageError{fmt.Errorf("--at: no rank check of %s is due at %s; the next one after it is due at %s",
			r.tenant.Contract, r.when(at), r.when(planned.At))}
	case next.At.Before(at):
		notes = append(notes, "skips the checks from "+r.when(next.At)+" on for good")
	}
	if at.After(r.now) {
		notes = append(notes, "runs early, and will not run again when due")
	}
	say(r.std.out, "%s: rank check of %s, spend from %s to %s", r.tenant.Contract, r.when(planned.At), planned.From, planned.Until.Add(-1))
	if len(notes) > 0 && !r.dryRun {
		say(r.std.out, " (%s)", strings.Join(notes, "; "))
	}
	say(r.std.out, "\n")
	return nil
}

// moveList prints each change of rank as it happens, and the counts at the end.
type moveList struct {
	run           *ranksRun
	ranks         []noren.Rank
	table         *table // nil until the first change
	listed        int
	risen, fallen int
	stayed        map[noren.RankReason]int
}

// flushed is the number of lines after which the table is written and its columns are aligned again, so that a long list
// neither fills memory nor stays invisible.
const flushed = 1000

// add prints the members whose rank changed.
func (l *moveList) add(moves ...noren.RankMove) error {
	for _, m := range moves {
		if !m.Moved() {
			continue
		}
		if l.table == nil {
			l.clear()
			l.table = newTable(l.run.std.out)
			say(l.table, "  MEMBER\tFROM\tTO\tSPEND\tREASON\n")
		}
		if m.Reason == ladder.EntryMet {
			l.risen++
		} else {
			l.fallen++
		}
		say(l.table, "  %s\t%s\t%s\t%s\t%s\n", m.Code, l.name(m.Rank), l.name(m.To), noren.FormatMoney(m.Spend, l.run.tenant.Currency), m.Reason)
		if l.listed++; l.listed%flushed == 0 {
			l.clear()
			if err := l.table.Flush(); err != nil {
				return err
			}
		}
	}
	l.progress()
	return nil
}

// name is the name of a rank; - for none.
func (l *moveList) name(id *int64) string {
	if id == nil {
		return "-"
	}
	for _, r := range l.ranks {
		if r.ID == *id {
			return r.Name
		}
	}
	return fmt.Sprint("rank ", *id)
}

// stays is the number of members whose rank stayed, for whatever reason.
func (l *moveList) stays() (n int) {
	for _, count := range l.stayed {
		n += count
	}
	return n
}

// progress shows progress on a terminal, on a line that clear removes.
func (l *moveList) progress() {
	if n := l.risen + l.fallen + l.stays(); onTerminal(l.run.std.err) && n > 0 {
		say(l.run.std.err, "\r%s checked", counted(n, "member", "members"))
	}
}

// clear removes the line of progress, before anything else is printed on the terminal.
func (l *moveList) clear() {
	if onTerminal(l.run.std.err) {
		say(l.run.std.err, "\r\x1b[K")
	}
}

// onTerminal reports whether a person reads the output as it is written.
func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// end prints the counts. For a check that failed they cover what was done.
func (l *moveList) end(whole bool) {
	l.clear()
	if l.table != nil {
		_ = l.table.Flush()
	}
	if !whole && l.listed == 0 && l.stays() == 0 {
		return
	}
	rose, fell, stayed := "promoted", "demoted", "unchanged"
	if l.run.dryRun {
		rose, fell, stayed = "would be promoted", "would be demoted", "would be unchanged"
	}
	out := l.run.std.out
	say(out, "  %s %s, %s %s, %s %s\n", number(l.risen), rose, number(l.fallen), fell, number(l.stays()), stayed)
	reasons := make([]noren.RankReason, 0, len(l.stayed))
	for why := range l.stayed {
		reasons = append(reasons, why)
	}
	slices.Sort(reasons)
	for _, why := range reasons {
		say(out, "  %s: %s\n", why, number(l.stayed[why]))
	}
}
