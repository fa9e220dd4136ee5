package imports_test

import (
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/imports"
)

// held is how many points the members have in all.
func heldPoints(t *testing.T, b *apptest.Bundle) (sum int64) {
	t.Helper()
	b.View(t, func(tx noren.Tx) error {
		balances, err := tx.PointBalances(b.Ctx, []int64{1, 2, 3}, "2026-01-31")
		for _, p := range balances {
			sum += p.Total
		}
		return err
	})
	return sum
}

// TestPreviewForeseesWhatPurchasesEarn: the preview of a file of purchases, or of members whom it links to customers, tells the points that
// the import then gives and takes back.
func TestPreviewForeseesWhatPurchasesEarn(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		programme := noren.PointProgramme{EarnProgramme: noren.EarnProgramme{EarnRule: noren.EarnRule{UnitPrice: 100, Unit: 100}}}
		if err := b.Points.SetProgramme(b.Ctx, b.Caller, programme, b.Caller.Tenant.Points.Programme()); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name  string
			kind  noren.ImportKind
			file  noren.ImportFile
			gives int64
		}{
			{"purchases with a refund", noren.ImportPurchases, apptest.ImportFile("id,member,amount,at,refund_of",
				"o1,M1,1200,2026-01-10,", "o2,M2,5050,2026-01-10,", "r1,,200,,o1", "o3,M9,100,2026-01-10,"), 60},
			{"again", noren.ImportPurchases, apptest.ImportFile("id,member,amount,at,refund_of",
				"o1,M1,1200,2026-01-10,", "o2,M2,5050,2026-01-10,", "r1,,200,,o1", "o3,M9,100,2026-01-10,"), 0},
			{"a refund of what is stored", noren.ImportPurchases, apptest.ImportFile("id,amount,refund_of", "r2,2050,o2"), -20},
			{"held purchases", noren.ImportPurchases, apptest.ImportFile("id,shopify_customer_id,amount,at", "o5,99,700,2026-01-10"), 0},
			{"a link to a customer", noren.ImportMembers, apptest.ImportFile("code,shopify_customer_id", "M3,99"), 7},
		} {
			draft, err := b.Imports.Draft(b.Ctx, b.Caller, c.kind, c.file)
			if err != nil {
				t.Fatal(err)
			}
			before := heldPoints(t, b)
			p, err := b.Imports.Preview(b.Ctx, b.Caller, draft.ID, imports.Setup{})
			if err != nil || p.Points == nil && c.kind == noren.ImportPurchases {
				t.Fatalf("%s: %+v, %v", c.name, p, err)
			}
			if p.Points != nil && p.Points.After-p.Points.Before != c.gives {
				t.Errorf("%s: the preview says %+v, want %+d", c.name, p.Points, c.gives)
			}
			apptest.Same(t, c.name+": a preview gives nothing", before, heldPoints(t, b))
			if _, err := b.Imports.Start(b.Ctx, b.Caller, draft.ID, imports.Setup{}); err != nil {
				t.Fatal(err)
			}
			apptest.RunImport(t, b, b.Caller, draft.ID)
			apptest.Same(t, c.name+": the import", before+c.gives, heldPoints(t, b))
		}
		b.Sound(t)
	})
}
