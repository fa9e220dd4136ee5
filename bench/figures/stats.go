package figures

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Samples are how long each of several runs of the same thing took.
type Samples []time.Duration

// At returns the sample below which the given share of all lies, so At(0.5) is the median. 0 if there are no samples.
func (s Samples) At(share float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	// A copy, because the order in which they were taken may matter to the caller.
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

func (s Samples) Median() time.Duration { return s.At(0.5) }

// Turns runs each of several ways to do the same thing n times, in turns, so that other load on the machine hits all of
// them alike. A way returns how long the part of it took that is to be measured.
func Turns(ctx context.Context, n int, ways ...func(context.Context) (time.Duration, error)) ([]Samples, error) {
	all := make([]Samples, len(ways))
	for range n {
		for i, way := range ways {
			took, err := way(ctx)
			if err != nil {
				return nil, err
			}
			all[i] = append(all[i], took)
		}
	}
	return all, nil
}

// Timed makes a way of a function that is measured from beginning to end.
func Timed(do func(context.Context) error) func(context.Context) (time.Duration, error) {
	return func(ctx context.Context) (time.Duration, error) {
		begin := time.Now()
		err := do(ctx)
		return time.Since(begin), err
	}
}

// Burst is what several callers at once did in a stretch of time.
type Burst struct {
	took    time.Duration
	Answers Samples // one for each call
}

// PerSecond is the rate over all callers.
func (b Burst) PerSecond() float64 { return float64(len(b.Answers)) / b.took.Seconds() }

// Crowd lets each of the callers call do again and again for the given time, and at least once: on a busy machine a caller
// may not get its turn before the time is over. do gets the number of its caller. The first error ends all of them.
func Crowd(ctx context.Context, callers int, length time.Duration, do func(ctx context.Context, caller int) error) (Burst, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	perCaller := make([]Samples, callers)
	begin := time.Now()
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for ctx.Err() == nil {
				start := time.Now()
				if err := do(ctx, caller); err != nil {
					cancel(err)
					return
				}
				perCaller[caller] = append(perCaller[caller], time.Since(start))
				// Asked after the call, so that each caller has made one.
				if time.Since(begin) >= length {
					return
				}
			}
		})
	}
	wg.Wait()
	// The time that all took, and not the wanted one: the last calls end after it.
	return Burst{time.Since(begin), slices.Concat(perCaller...)}, context.Cause(ctx)
}

// Crowded makes a way of a crowd.
func Crowded(callers int, length time.Duration, do func(ctx context.Context, caller int) error) func(context.Context) (Burst, error) {
	return func(ctx context.Context) (Burst, error) { return Crowd(ctx, callers, length, do) }
}

// BurstTurns is how many bursts each way has. It is odd, so that one of them is the median.
const BurstTurns = 3

// Bursts lets the ways take turns, and returns for each way its burst with the median rate.
func Bursts(ctx context.Context, ways ...func(context.Context) (Burst, error)) ([]Burst, error) {
	all := make([][]Burst, len(ways))
	for range BurstTurns {
		for i, way := range ways {
			b, err := way(ctx)
			if err != nil {
				return nil, err
			}
			all[i] = append(all[i], b)
		}
	}
	medians := make([]Burst, len(ways))
	for i, list := range all {
		slices.SortFunc(list, func(a, b Burst) int { return cmp.Compare(a.PerSecond(), b.PerSecond()) })
		medians[i] = list[len(list)/2]
	}
	return medians, nil
}
