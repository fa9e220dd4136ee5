package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"noren"
	"noren/ladder"
)

// ranksRun runs or previews checks of one tenant, and prints them.
type ranksRun struct {
	service *noren.Service
	tenant  noren.Tenant
	ladder  noren.Ladder
	std     streams
	now     time.Time
	dryRun  bool
}

// when writes an instant in the tenant's zone.
func (r *ranksRun) when(t time.Time) string { return t.In(r.tenant.Location()).Format(time.RFC3339) }

// unrun is the tenant's first check that was not begun, whether it is due or to come.
func (r *ranksRun) unrun() ladder.Check {
	var latest time.Time
	if len(r.ladder.Checks) > 0 {
		latest = r.ladder.Checks[0].At
	}
	c, _ := r.tenant.Programme.Due(latest, r.now, r.tenant.Location())
	return c
}

// one runs or previews the check at that time, unless it was run.
func (r *ranksRun) one(ctx context.Context, at time.Time) error {
	begun, err := r.service.RankCheckAt(ctx, r.tenant, at)
	if err != nil {
		return err
	}
	if begun != nil && begun.FinishedAt != nil {
		say(r.std.out, "%s: the check of ranks of %s was run before, at %s, and is not run again: %s rose, %s fell, %s stayed\n", r.tenant.Contract,
			r.when(at), r.when(*begun.FinishedAt), number(begun.Risen), number(begun.Fallen), number(begun.Stayed))
		return nil
	}
	l := &moveList{run: r, ranks: r.ladder.Ranks, stayed: make(map[noren.RankReason]int)}
	if begun != nil {
		l.ranks = begun.Rules.Ranks
	}
	if err := r.head(at, begun); err != nil {
		return err
	}
	if r.dryRun {
		err = r.service.PreviewRankCheck(ctx, r.tenant, nil, at, func(m noren.RankMove) error {
			if !m.Moved() {
				l.stayed[m.Reason]++
			}
			return l.add(m)
		})
	} else {
		var raced bool
		_, err = r.service.CheckRanks(ctx, r.tenant, at, func(s noren.RankSlice) error {
			for why, n := range s.Stayed {
				l.stayed[why] += n
			}
			raced = raced || s.Raced
			return l.add(s.Moves...)
		})
		if raced {
			say(r.std.out, "  another process works on this check too; whom that moved is not listed here\n")
		}
	}
	l.end(err == nil)
	if err != nil && ctx.Err() != nil {
		return errors.New("stopped; the same command goes on with the check")
	}
	if kind := noren.KindOf(err); kind == noren.Invalid || kind == noren.Conflict {
		return usageError{fmt.Errorf("--at: %w", err)}
	}
	return err
}

// head says which check it is, and what is unusual about it. A time at which none falls is the caller's mistake.
func (r *ranksRun) head(at time.Time, begun *noren.RankCheck) error {
	var notes []string
	planned, falls := r.tenant.Programme.At(at, r.tenant.Location())
	switch next := r.unrun(); {
	case begun != nil:
		planned = ladder.Check{At: begun.At, From: begun.From, Until: begun.Until}
		notes = append(notes, "begun before, this is the rest")
	case !falls:
		return usageError{fmt.Errorf("--at: no check of ranks of %s falls at %s; the next after it is that of %s",
			r.tenant.Contract, r.when(at), r.when(planned.At))}
	case next.At.Before(at):
		notes = append(notes, "those before it, from "+r.when(next.At)+" on, are not run any more")
	}
	if at.After(r.now) {
		notes = append(notes, "ahead of its time, and not run again then")
	}
	say(r.std.out, "%s: check of ranks of %s, spend of %s to %s", r.tenant.Contract, r.when(planned.At), planned.From, planned.Until.Add(-1))
	if len(notes) > 0 && !r.dryRun {
		say(r.std.out, " (%s)", strings.Join(notes, "; "))
	}
	say(r.std.out, "\n")
	return nil
}

// moveList prints who moves as it comes, and in the end how many.
type moveList struct {
	run           *ranksRun
	ranks         []noren.Rank
	table         *tabwriter.Writer // nil: nobody has moved yet
	listed        int
	risen, fallen int
	stayed        map[noren.RankReason]int
}

// flushed is after how many lines columns are aligned anew, so that a long list needs neither memory nor patience.
const flushed = 1000

func (l *moveList) add(moves ...noren.RankMove) error {
	for _, m := range moves {
		if !m.Moved() {
			continue
		}
		if l.table == nil {
			l.clear()
			l.table = tabwriter.NewWriter(l.run.std.out, 0, 0, 2, ' ', 0)
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

func (l *moveList) stays() (n int) {
	for _, count := range l.stayed {
		n += count
	}
	return n
}

// progress is shown on a terminal only, on a line of its own that clear takes away.
func (l *moveList) progress() {
	if n := l.risen + l.fallen + l.stays(); onTerminal(l.run.std.err) && n > 0 {
		say(l.run.std.err, "\r%s judged", counted(n, "member", "members"))
	}
}

func (l *moveList) clear() {
	if onTerminal(l.run.std.err) {
		say(l.run.std.err, "\r\x1b[K")
	}
}

func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// end prints the counts; of a check that failed, those of what was done.
func (l *moveList) end(whole bool) {
	l.clear()
	if l.table != nil {
		_ = l.table.Flush()
	}
	if !whole && l.listed == 0 && l.stays() == 0 {
		return
	}
	rose, fell, stayed := "rose", "fell", "stayed"
	if l.run.dryRun {
		rose, fell, stayed = "would rise", "would fall", "would stay"
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
