package main

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// samples are how long each of several runs of the same thing took.
type samples []time.Duration

// at answers the sample below which the given share of all lies: 0.5 is the median. 0 where there are none.
func (s samples) at(share float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

func (s samples) median() time.Duration { return s.at(0.5) }

// turns runs each way to do the same thing n times, in turns, so that whatever else the machine does meanwhile hits
// all of them. A way answers how long the part of it took that is to be measured.
func turns(ctx context.Context, n int, ways ...func(context.Context) (time.Duration, error)) ([]samples, error) {
	all := make([]samples, len(ways))
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

// timed makes a way of something that is measured from beginning to end.
func timed(do func(context.Context) error) func(context.Context) (time.Duration, error) {
	return func(ctx context.Context) (time.Duration, error) {
		begin := time.Now()
		err := do(ctx)
		return time.Since(begin), err
	}
}

// burst is what several callers at once did in a stretch of time.
type burst struct {
	took    time.Duration
	answers samples // one for each call
}

// perSecond is the rate over all callers.
func (b burst) perSecond() float64 { return float64(len(b.answers)) / b.took.Seconds() }

// crowd lets callers call one after another, each by itself, for the given time. do is told which caller it is. The
// first error ends it all.
func crowd(ctx context.Context, callers int, length time.Duration, do func(ctx context.Context, caller int) error) (burst, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	perCaller := make([]samples, callers)
	begin := time.Now()
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for ctx.Err() == nil && time.Since(begin) < length {
				start := time.Now()
				if err := do(ctx, caller); err != nil {
					cancel(err)
					return
				}
				perCaller[caller] = append(perCaller[caller], time.Since(start))
			}
		})
	}
	wg.Wait()
	return burst{time.Since(begin), slices.Concat(perCaller...)}, context.Cause(ctx)
}

// crowded makes a way of a crowd.
func crowded(callers int, length time.Duration, do func(ctx context.Context, caller int) error) func(context.Context) (burst, error) {
	return func(ctx context.Context) (burst, error) { return crowd(ctx, callers, length, do) }
}

// burstTurns is how often each way gets its turn in bursts; an odd number has a median.
const burstTurns = 3

// bursts lets crowds of each way take turns, and answers each way's burst with the median rate.
func bursts(ctx context.Context, ways ...func(context.Context) (burst, error)) ([]burst, error) {
	all := make([][]burst, len(ways))
	for range burstTurns {
		for i, way := range ways {
			b, err := way(ctx)
			if err != nil {
				return nil, err
			}
			all[i] = append(all[i], b)
		}
	}
	medians := make([]burst, len(ways))
	for i, list := range all {
		slices.SortFunc(list, func(a, b burst) int { return cmp.Compare(a.perSecond(), b.perSecond()) })
		medians[i] = list[len(list)/2]
	}
	return medians, nil
}
