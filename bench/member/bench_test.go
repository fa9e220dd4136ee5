package member

import (
	"context"
	"testing"
	"time"

	"noren"
	"noren/bench/figures"
	"noren/bench/floor/floortest"
	"noren/bench/seed"
)

// BenchmarkMembers measures the bulk writes of the ReCORE dialect, of a thousand rows each, and pages found by keyword.
func BenchmarkMembers(b *testing.B) {
	floortest.EachPlace(b, func(b *testing.B, p seed.Place, members int) {
		s := setup(b, p, members)
		for _, write := range s.writes() {
			for _, way := range []struct {
				name string
				do   func(context.Context) (time.Duration, error)
			}{{"floor", write.floor}, {"noren", write.noren}} {
				b.Run(write.name+"/"+way.name, func(b *testing.B) { floortest.MedianOf(b, way.do) })
			}
		}
		for _, k := range keywords(members) {
			f := noren.MemberFilter{Keyword: k.text, WithAttachments: true, NoTotal: true, Page: noren.Page{Limit: pageRows}}
			b.Run("keyword "+k.text, func(b *testing.B) {
				floortest.MedianOf(b, figures.Timed(func(ctx context.Context) error {
					_, err := s.Noren.Service.Members.List(ctx, s.Noren.Caller, f)
					return err
				}))
			})
		}
	})
}
