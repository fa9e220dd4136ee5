package floor_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"noren/bench/floor"
	"noren/bench/floor/floortest"
	"noren/bench/seed"
)

// eachEngine runs a benchmark on each engine with both sides of the comparison.
func eachEngine(b *testing.B, conns int, run func(b *testing.B, s *floor.Sides)) {
	floortest.EachPlace(b, func(b *testing.B, p seed.Place, members int) { run(b, floortest.Setup(b, p, members, conns)) })
}

// BenchmarkApply measures applying one bulk request of 100 rows; accepting it is not counted.
func BenchmarkApply(b *testing.B) {
	eachEngine(b, 1, func(b *testing.B, s *floor.Sides) {
		for _, c := range floor.Changes() {
			b.Run(string(c)+"/floor", func(b *testing.B) { measured(b, c, s.ApplyFloor) })
			b.Run(string(c)+"/noren", func(b *testing.B) { measured(b, c, s.ApplyNoren) })
		}
	})
}

// measured is floortest.MedianOf applying a change.
func measured(b *testing.B, c floor.Change, apply func(context.Context, floor.Change) (time.Duration, error)) {
	floortest.MedianOf(b, func(ctx context.Context) (time.Duration, error) { return apply(ctx, c) })
}

// BenchmarkAccept measures accepting requests of one row, by one caller and by 64 at once.
func BenchmarkAccept(b *testing.B) {
	const most = 64
	eachEngine(b, most, func(b *testing.B, s *floor.Sides) {
		a, err := floor.NewAcceptors(b.Context(), s, most)
		if err != nil {
			b.Fatal(err)
		}
		defer a.Close()
		for _, callers := range []int{1, most} {
			for _, way := range []struct {
				name string
				do   func(ctx context.Context, caller int) error
			}{{"floor", a.Insert}, {"numbered", a.Numbered}, {"noren", a.Noren}} {
				b.Run(fmt.Sprintf("%d/%s", callers, way.name), func(b *testing.B) { shared(b, callers, way.do) })
			}
		}
	})
}

// shared lets callers share b.N operations.
func shared(b *testing.B, callers int, do func(ctx context.Context, caller int) error) {
	left := make(chan struct{}, b.N)
	for range b.N {
		left <- struct{}{}
	}
	close(left)
	b.ResetTimer()
	errs := make(chan error, callers)
	for caller := range callers {
		go func() {
			for range left {
				if err := do(b.Context(), caller); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range callers {
		if err := <-errs; err != nil {
			b.Error(err)
		}
	}
}
