package sqlstore

import (
	"fmt"
	"testing"

	"noren"
	"noren/pgtest"
)

// BenchmarkReadMember reads one of a thousand members by id, as most requests do.
func BenchmarkReadMember(b *testing.B) {
	for name, url := range map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return "sqlite:" + t.TempDir() + "/noren.db" },
		"postgres": pgtest.Database,
	} {
		b.Run(name, func(b *testing.B) {
			db := setup(b, url(b))
			ctx := b.Context()
			members := make([]noren.Member, 1000)
			for i := range members {
				members[i] = noren.Member{
					ID: int64(i + 1), Code: fmt.Sprint("M", i), LastName: new("山田"), FirstName: new("太郎"), LastKana: new("ヤマダ"),
					Email: new("yamada@example.com"), Phone: new("06-1234-5678"), Status: noren.Active, CreatedAt: fixedClock(), UpdatedAt: fixedClock(),
				}
			}
			if err := db.Update(ctx, tenant, func(tx noren.Tx) error { return tx.InsertMembers(ctx, members) }); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				err := db.View(ctx, tenant, func(tx noren.Tx) error {
					found, err := tx.MembersByID(ctx, []int64{int64(i%1000 + 1)}, false)
					if len(found) != 1 {
						b.Fatalf("%d members, error %v", len(found), err)
					}
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
