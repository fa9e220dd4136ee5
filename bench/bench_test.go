package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"noren"
	"noren/storetest"
)

// envMembers sets how many members the shop has that the benchmarks run on: 1000 where it is not set.
const envMembers = "NOREN_BENCH_MEMBERS"

// eachEngine runs a benchmark on each engine with both sides of the comparison.
func eachEngine(b *testing.B, conns int, run func(b *testing.B, s *sides)) {
	eachPlace(b, func(b *testing.B, p place, members int) { run(b, setup(b, p, members, conns)) })
}

// eachPlace runs a benchmark on each engine, on servers that flush what they commit.
func eachPlace(b *testing.B, run func(b *testing.B, p place, members int)) {
	members := 1000
	if text := os.Getenv(envMembers); text != "" {
		var err error
		if members, err = strconv.Atoi(text); err != nil || members < 1 {
			b.Fatalf("%s=%s is not a number of members", envMembers, text)
		}
	}
	b.Run("sqlite", func(b *testing.B) { run(b, sqlitePlace{b.TempDir()}, members) })
	b.Run("postgres", func(b *testing.B) {
		admin := os.Getenv(storetest.EnvPostgres)
		if admin == "" {
			var stop func()
			var err error
			if admin, stop, err = storetest.DurablePostgres(); err != nil {
				b.Skip(err)
			}
			b.Cleanup(stop)
		}
		run(b, postgresPlace{admin}, members)
	})
}

// BenchmarkApply measures applying one bulk request of 100 rows; accepting it is not counted.
func BenchmarkApply(b *testing.B) {
	eachEngine(b, 1, func(b *testing.B, s *sides) {
		for _, c := range changes() {
			b.Run(string(c)+"/floor", func(b *testing.B) { measured(b, c, s.applyFloor) })
			b.Run(string(c)+"/noren", func(b *testing.B) { measured(b, c, s.applyNoren) })
		}
	})
}

// measured is medianOf applying a change.
func measured(b *testing.B, c change, apply func(context.Context, change) (time.Duration, error)) {
	medianOf(b, func(ctx context.Context) (time.Duration, error) { return apply(ctx, c) })
}

// medianOf reports the part that do says is to be measured, as the time of an operation.
func medianOf(b *testing.B, do func(context.Context) (time.Duration, error)) {
	var took samples
	for b.Loop() {
		t, err := do(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, t)
	}
	b.ReportMetric(float64(took.median().Nanoseconds()), "ns/op")
}

// BenchmarkAccept measures accepting requests of one row at the service, by one caller and by 64 at once.
func BenchmarkAccept(b *testing.B) {
	const most = 64
	eachEngine(b, most, func(b *testing.B, s *sides) {
		a, err := newAcceptors(b.Context(), s, most)
		if err != nil {
			b.Fatal(err)
		}
		defer a.close()
		for _, callers := range []int{1, most} {
			for _, way := range []struct {
				name string
				do   func(ctx context.Context, caller int) error
			}{{"floor", a.insert}, {"numbered", a.numbered}, {"noren", a.noren}} {
				b.Run(fmt.Sprintf("%d/%s", callers, way.name), func(b *testing.B) { shared(b, callers, way.do) })
			}
		}
	})
}

// BenchmarkMembers measures the bulk writes of the ReCORE dialect, of a thousand rows each, and pages found by keyword.
func BenchmarkMembers(b *testing.B) {
	eachPlace(b, func(b *testing.B, p place, members int) {
		s := setupMembers(b, p, members)
		for _, write := range s.writes() {
			for _, way := range []struct {
				name string
				do   func(context.Context) (time.Duration, error)
			}{{"floor", write.floor}, {"noren", write.noren}} {
				b.Run(write.name+"/"+way.name, func(b *testing.B) { medianOf(b, way.do) })
			}
		}
		for _, k := range keywords(members) {
			f := noren.MemberFilter{Keyword: k.text, WithAttachments: true, NoTotal: true, Page: noren.Page{Limit: memberPage}}
			b.Run("keyword "+k.text, func(b *testing.B) {
				medianOf(b, timed(func(ctx context.Context) error {
					_, err := s.noren.service.Members(ctx, s.noren.caller, f)
					return err
				}))
			})
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

// BenchmarkDecode measures JSON alone.
func BenchmarkDecode(b *testing.B) {
	for _, body := range bodies() {
		d, err := newDecoder(body.rows, body.every)
		if err != nil {
			b.Fatal(err)
		}
		for _, way := range []struct {
			name string
			do   func(context.Context) error
		}{{"floor", d.floor}, {"noren", d.noren}} {
			b.Run(body.name+"/"+way.name, func(b *testing.B) {
				b.SetBytes(int64(len(d.request.Body)))
				for b.Loop() {
					if err := way.do(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
