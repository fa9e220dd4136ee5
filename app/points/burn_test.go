package points

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"noren"
)

// openLot has as much left as was granted, day days into April 2026; "" never expires.
func openLot(id int64, day int, expiresOn noren.Date, remaining int64) noren.PointLot {
	l := noren.PointLot{ID: id, GrantedAt: time.Date(2026, 4, day, 0, 0, 0, 0, time.UTC), Amount: remaining, Remaining: remaining}
	if expiresOn != "" {
		l.ExpiresOn = &expiresOn
	}
	return l
}

func TestBurn(t *testing.T) {
	t.Parallel()
	const day = noren.Date("2026-04-10")
	never, late, soon := openLot(1, 1, "", 100), openLot(2, 2, "2026-12-31", 100), openLot(3, 3, "2026-04-30", 100)
	today, gone, empty := openLot(4, 4, day, 100), openLot(5, 5, "2026-04-09", 100), openLot(6, 6, "2026-04-30", 0)
	older, twin := openLot(7, 2, "2026-04-30", 100), openLot(8, 3, "2026-04-30", 100)
	for _, c := range []struct {
		name   string
		lots   []noren.PointLot
		amount int64
		want   []noren.PointBurn
		ok     bool
	}{
		{"nothing", []noren.PointLot{never}, 0, nil, true},
		{"part of one", []noren.PointLot{never}, 99, []noren.PointBurn{{LotID: 1, Amount: 99}}, true},
		{"all of one", []noren.PointLot{never}, 100, []noren.PointBurn{{LotID: 1, Amount: 100}}, true},
		{"more than there is", []noren.PointLot{never}, 101, []noren.PointBurn{{LotID: 1, Amount: 100}}, false},
		{"of nothing", nil, 1, nil, false},
		{"nearest expiry first, never-expiring last", []noren.PointLot{never, late, soon}, 250, []noren.PointBurn{{LotID: 3, Amount: 100}, {LotID: 2, Amount: 100}, {LotID: 1, Amount: 50}}, true},
		{"oldest first among equals", []noren.PointLot{soon, older}, 150, []noren.PointBurn{{LotID: 7, Amount: 100}, {LotID: 3, Amount: 50}}, true},
		{"by number where all else is equal", []noren.PointLot{twin, soon}, 150, []noren.PointBurn{{LotID: 3, Amount: 100}, {LotID: 8, Amount: 50}}, true},
		{"the last day counts", []noren.PointLot{today}, 100, []noren.PointBurn{{LotID: 4, Amount: 100}}, true},
		{"the day after does not", []noren.PointLot{gone, soon}, 100, []noren.PointBurn{{LotID: 3, Amount: 100}}, true},
		{"what has expired is not enough", []noren.PointLot{gone}, 1, nil, false},
		{"empty lots are left alone", []noren.PointLot{empty, soon}, 100, []noren.PointBurn{{LotID: 3, Amount: 100}}, true},
	} {
		got, ok := burn(c.lots, c.amount, day)
		if diff := cmp.Diff(c.want, got); diff != "" || ok != c.ok {
			t.Errorf("%s: enough %t, want %t; burns (-want +got):\n%s", c.name, ok, c.ok, diff)
		}
	}
}

// TestBurnTakesExactlyWhatIsAsked checks any lots: what is burnt adds up, and no point stays behind that would have
// expired before one that went.
func TestBurnTakesExactlyWhatIsAsked(t *testing.T) {
	t.Parallel()
	days := []noren.Date{"", "2026-04-09", "2026-04-10", "2026-04-11", "2027-01-01"}
	rapid.Check(t, func(rt *rapid.T) {
		const day = noren.Date("2026-04-10")
		var lots []noren.PointLot
		total := int64(0)
		for i := range rapid.IntRange(0, 10).Draw(rt, "lots") {
			l := openLot(int64(i+1), rapid.IntRange(1, 5).Draw(rt, "granted"), rapid.SampledFrom(days).Draw(rt, "expires"), rapid.Int64Range(0, 50).Draw(rt, "remaining"))
			if l.Usable(day) {
				total += l.Remaining
			}
			lots = append(lots, l)
		}
		before := slices.Clone(lots)
		amount := rapid.Int64Range(1, 300).Draw(rt, "amount")
		burns, ok := burn(lots, amount, day)
		if !slices.Equal(before, lots) {
			rt.Fatal("the lots given were changed")
		}
		if ok != (amount <= total) {
			rt.Fatalf("enough: %t, but %d of %d can be used", ok, amount, total)
		}
		if !ok {
			return
		}
		left := make(map[int64]int64, len(lots))
		for _, b := range burns {
			if b.Amount < 1 || left[b.LotID] != 0 {
				rt.Fatalf("burns %v", burns)
			}
			left[b.LotID] = b.Amount
			amount -= b.Amount
		}
		if amount != 0 {
			rt.Fatalf("%d points too few are burnt in %v", amount, burns)
		}
		for _, used := range lots {
			for _, kept := range lots {
				if left[used.ID] > 0 && left[kept.ID] < kept.Remaining && kept.Usable(day) && sooner(kept, used) {
					rt.Fatalf("%v kept points though %v lost some", kept, used)
				}
			}
		}
	})
}

func sooner(a, b noren.PointLot) bool {
	return a.ExpiresOn != nil && (b.ExpiresOn == nil || *a.ExpiresOn < *b.ExpiresOn)
}

func TestAddMonths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from   noren.Date
		months int
		want   noren.Date
	}{
		{"2026-04-01", 1, "2026-05-01"},
		{"2026-01-31", 1, "2026-02-28"},
		{"2028-01-31", 1, "2028-02-29"},
		{"2026-03-31", 1, "2026-04-30"},
		{"2026-12-31", 2, "2027-02-28"},
		{"2028-02-29", 12, "2029-02-28"},
		{"2028-02-29", 48, "2032-02-29"},
		{"2026-08-31", 6, "2027-02-28"},
		{"2026-04-30", 1200, "2126-04-30"},
		{"2026-04-30", 0, "2026-04-30"},
		{"2026-03-31", -1, "2026-02-28"},
	} {
		if got := noren.AddMonths(c.from, c.months); got != c.want {
			t.Errorf("%d months after %s is %s, want %s", c.months, c.from, got, c.want)
		}
	}
}

func TestEndOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone string
		day  noren.Date
		want string
	}{
		{"Asia/Tokyo", "2025-11-02", "2025-11-02T23:59:59+09:00"}, // ReCORE's example: 1762095599
		{"UTC", "2026-12-31", "2026-12-31T23:59:59Z"},
		{"Europe/Berlin", "2026-03-28", "2026-03-28T23:59:59+01:00"}, // the night in which clocks go forward
		{"Europe/Berlin", "2026-03-29", "2026-03-29T23:59:59+02:00"},
		{"Europe/Berlin", "2026-10-25", "2026-10-25T23:59:59+01:00"},
		{"America/Sao_Paulo", "2018-11-03", "2018-11-03T23:59:59-03:00"}, // midnight is skipped
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T23:59:59-02:00"}, // the day whose midnight that is
		{"America/Sao_Paulo", "2019-02-16", "2019-02-16T23:59:59-03:00"}, // the last hour comes twice
		{"Asia/Beirut", "2025-10-25", "2025-10-25T23:59:59+02:00"},       // as well
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.day.EndOf(zone).Format(time.RFC3339); got != c.want {
			t.Errorf("%s in %s ends at %s, want %s", c.day, c.zone, got, c.want)
		}
	}
	if got := noren.Date("2025-11-02").EndOf(time.FixedZone("JST", 9*60*60)).Unix(); got != 1762095599 {
		t.Errorf("the document's example ends at %d", got)
	}
	if got := noren.Date("no day").EndOf(time.UTC); !got.IsZero() {
		t.Errorf("no day ends at %s", got)
	}
}

// TestEndOfIsTheLastSecond checks what EndOf means: a second later is another day, in every zone.
func TestEndOfIsTheLastSecond(t *testing.T) {
	t.Parallel()
	var zones []*time.Location
	for _, name := range []string{
		"Asia/Tokyo", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Beirut", "America/Havana", "Australia/Lord_Howe", "UTC",
	} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, zone)
	}
	rapid.Check(t, func(rt *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(rt, "zone")
		from := time.Date(1990, 1, 1, 12, 0, 0, 0, time.UTC)
		day := noren.DateOf(from.AddDate(0, 0, rapid.IntRange(0, 60*366).Draw(rt, "day")), time.UTC)
		end := day.EndOf(zone)
		if noren.DateOf(end, zone) != day || noren.DateOf(end.Add(time.Second), zone) <= day {
			rt.Fatalf("%s in %s ends at %s", day, zone, end)
		}
	})
}
