package figures

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSamplesAt(t *testing.T) {
	t.Parallel()
	var hundred Samples
	for i := range 100 {
		hundred = append(hundred, time.Duration(100-i)) // 100 down to 1
	}
	for _, c := range []struct {
		name  string
		s     Samples
		share float64
		want  time.Duration
	}{
		{"none", nil, 0.5, 0},
		{"one", Samples{7}, 0.99, 7},
		{"median", hundred, 0.5, 51},
		{"p95", hundred, 0.95, 96},
		{"p99", hundred, 0.99, 100},
		{"all", hundred, 1, 100},
	} {
		if got := c.s.At(c.share); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestTurnsAlternate(t *testing.T) {
	t.Parallel()
	var order []string
	way := func(name string, took time.Duration) func(context.Context) (time.Duration, error) {
		return func(context.Context) (time.Duration, error) {
			order = append(order, name)
			return took, nil
		}
	}
	all, err := Turns(t.Context(), 2, way("noren", 2), way("floor", 1))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"noren", "floor", "noren", "floor"}, order); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Samples{{2, 2}, {1, 1}}, all); diff != "" {
		t.Error(diff)
	}
}

func TestCrowd(t *testing.T) {
	t.Parallel()
	t.Run("calls at once and counts every call", func(t *testing.T) {
		t.Parallel()
		var calls atomic.Int64
		met := make(chan struct{})
		b, err := Crowd(t.Context(), 3, time.Millisecond, func(ctx context.Context, _ int) error {
			if calls.Add(1) == 3 {
				close(met)
			}
			<-met // nobody goes on before all three have come
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Answers) != int(calls.Load()) || b.PerSecond() <= 0 {
			t.Errorf("%d answers to %d calls, %v a second", len(b.Answers), calls.Load(), b.PerSecond())
		}
	})
	t.Run("ends with the first error", func(t *testing.T) {
		t.Parallel()
		wrong := errors.New("wrong")
		_, err := Crowd(t.Context(), 2, time.Hour, func(ctx context.Context, caller int) error {
			if caller == 0 {
				return wrong
			}
			<-ctx.Done()
			return ctx.Err()
		})
		if !errors.Is(err, wrong) {
			t.Errorf("%v, want the caller's error", err)
		}
	})
}

func TestBurstsAnswerTheMedianRate(t *testing.T) {
	t.Parallel()
	rates := []int{30, 10, 20}
	var turn int
	b, err := Bursts(t.Context(), func(context.Context) (Burst, error) {
		turn++
		return Burst{time.Second, make(Samples, rates[turn-1])}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := b[0].PerSecond(); got != 20 {
		t.Errorf("%v, want 20", got)
	}
}
