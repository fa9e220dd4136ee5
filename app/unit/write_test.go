package unit_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/unit"
)

// numbered is work that takes a number and shows it; runs counts how often it was run.
func numbered(runs *int) func(tx noren.Tx, by noren.AuditEntry) (any, error) {
	return func(tx noren.Tx, _ noren.AuditEntry) (any, error) {
		*runs++
		n, err := tx.Reserve(context.Background(), noren.CounterNote, 1)
		return n, err
	}
}

// show renders the number that numbered took.
func show(result any) string { return string(rune('0' + result.(int64))) }

// next is the number that would be taken now; what was rolled back took none.
func next(t *testing.T, b *apptest.Bundle) (n int64) {
	t.Helper()
	err := b.Run.Update(b.Ctx, b.Caller.Tenant.ID, func(tx noren.Tx) (err error) {
		n, err = tx.Reserve(b.Ctx, noren.CounterNote, 1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A write under a key takes effect once; whoever sends it again gets the answer that was kept.
func TestWriteReplays(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		runs := 0
		for i := range 3 {
			kept, err := b.Run.Write(b.Ctx, b.Caller, apptest.Once("key", "body", show), numbered(&runs))
			if err != nil || (kept == nil) != (i == 0) || kept != nil && string(kept.Body) != "1" {
				t.Errorf("time %d: kept %+v, error %v", i+1, kept, err)
			}
		}
		_, err := b.Run.Write(b.Ctx, b.Caller, apptest.Once("key", "another body", show), numbered(&runs))
		if noren.KindOf(err) != noren.Conflict {
			t.Errorf("another body under the key: %v", err)
		}
		if n := next(t, b); runs != 1 || n != 2 {
			t.Errorf("the work was run %d times, and the next number is %d", runs, n)
		}
		if _, err := b.Run.Write(b.Ctx, b.Caller, apptest.Once("other", "body", show), numbered(&runs)); err != nil || runs != 2 {
			t.Errorf("another key: error %v, %d runs", err, runs)
		}
	})
}

// A run after a commit that was not confirmed finds its work done, with a key and without one.
func TestWriteAgainAfterALostAnswer(t *testing.T) {
	t.Parallel()
	for name, once := range map[string]*unit.Once{"with a key": apptest.Once("key", "body", show), "without a key": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := apptest.SetupOn(t, func(e noren.Engine) noren.Engine { return apptest.LostAnswers{Engine: e} })
			runs := 0
			kept, err := b.Run.Write(b.Ctx, b.Caller, once, numbered(&runs))
			if err != nil || (kept == nil) != (once == nil) || runs != 1 {
				t.Errorf("kept %+v, error %v, %d runs", kept, err, runs)
			}
		})
	}
}

// Of several writes under one key at once the work of one is run, and the others get its answer. None of them ran and lost.
func TestWritesAtOnce(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		const n = 8
		var wait sync.WaitGroup
		var runs, replayed atomic.Int32
		for range n {
			wait.Go(func() {
				mine := 0
				kept, err := b.Run.Write(b.Ctx, b.Caller, apptest.Once("key", "body", show), numbered(&mine))
				runs.Add(int32(mine))
				switch {
				case err != nil:
					t.Error(err)
				case kept != nil && string(kept.Body) == "1":
					replayed.Add(1)
				}
			})
		}
		wait.Wait()
		if runs.Load() != 1 || replayed.Load() != n-1 {
			t.Errorf("%d runs, %d replayed of %d", runs.Load(), replayed.Load(), n)
		}
	})
}

// A refusal is kept unless an answer was kept meanwhile: then that is returned, and for another body a conflict.
func TestKeepRefusal(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		once := apptest.Once("key", "body", show)
		refusal := noren.KeptAnswer{BodyHash: once.BodyHash, Status: 400}
		runs := 0
		if kept, err := b.Run.KeepRefusal(b.Ctx, b.Caller, once.Key, refusal); err != nil || kept != nil {
			t.Errorf("keeping a refusal: kept %+v, error %v", kept, err)
		}
		if kept, err := b.Run.Write(b.Ctx, b.Caller, once, numbered(&runs)); err != nil || kept == nil || kept.Status != 400 || runs != 0 {
			t.Errorf("a write after it: kept %+v, error %v, %d runs", kept, err, runs)
		}
		if _, err := b.Run.Write(b.Ctx, b.Caller, apptest.Once("other", "body", show), numbered(&runs)); err != nil {
			t.Fatal(err)
		}
		other := apptest.Once("other", "body", show).Key
		if kept, err := b.Run.KeepRefusal(b.Ctx, b.Caller, other, refusal); err != nil || kept == nil || string(kept.Body) != "1" {
			t.Errorf("a refusal after a write: kept %+v, error %v", kept, err)
		}
		refusal.BodyHash = []byte("another")
		if _, err := b.Run.KeepRefusal(b.Ctx, b.Caller, other, refusal); noren.KindOf(err) != noren.Conflict {
			t.Errorf("a refusal of another body: %v", err)
		}
	})
}

func TestRerun(t *testing.T) {
	t.Parallel()
	other := errors.New("something else")
	for _, c := range []struct {
		name string
		errs []error // of the runs
		runs int
	}{
		{"no error", []error{nil}, 1},
		{"another error", []error{other}, 1},
		{"a race lost once", []error{unit.ErrLinkedMeanwhile, nil}, 2},
		{"two races lost", []error{unit.ErrLinkedMeanwhile, unit.ErrLinkedMeanwhile, other}, 3},
		{"a race lost again and again", []error{unit.ErrLinkedMeanwhile, unit.ErrLinkedMeanwhile, unit.ErrLinkedMeanwhile, nil}, 3},
	} {
		runs := 0
		err := unit.Rerun(func() error { runs++; return c.errs[runs-1] })
		if runs != c.runs || !errors.Is(err, c.errs[runs-1]) {
			t.Errorf("%s: %d runs, error %v", c.name, runs, err)
		}
	}
}

// While a request under a key is running, another one is told to come back; afterwards the key is free, or has an answer.
func TestReplayWhileTheFirstIsRunning(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	once := apptest.Once("key", "body", show)
	replay := func(c noren.Caller) (*noren.KeptAnswer, func(), error) {
		return b.Run.Replay(b.Ctx, c, once.Key, func() ([]byte, error) { return once.BodyHash, nil })
	}
	kept, release, err := replay(b.Caller)
	if kept != nil || err != nil {
		t.Fatalf("the first: kept %+v, error %v", kept, err)
	}
	_, _, err = replay(b.Caller)
	if e, ok := errors.AsType[*noren.Error](err); !ok || e.Kind != noren.Conflict || e.RetryAfter == 0 {
		t.Errorf("while it is running: %v", err)
	}
	elsewhere := b.Caller
	elsewhere.Tenant.ID++
	if _, _, err := replay(elsewhere); err != nil {
		t.Errorf("in another tenant: %v", err)
	}
	runs := 0
	if _, err := b.Run.Write(b.Ctx, b.Caller, once, numbered(&runs)); err != nil {
		t.Fatal(err)
	}
	release()
	if kept, _, err := replay(b.Caller); err != nil || kept == nil || string(kept.Body) != "1" {
		t.Errorf("afterwards: kept %+v, error %v", kept, err)
	}
}
