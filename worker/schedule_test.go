package worker_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"noren"
	"noren/app/members"
	"noren/app/points"
	"noren/app/shop"
	"noren/worker"
)

// member makes the tenant's member 1, whose points are in Japan.
func (h *house) member(t *testing.T, contract string) noren.Caller {
	t.Helper()
	c := h.caller(t, contract)
	_, err := h.Shop.Apply(t.Context(), shop.Shop{
		Contract: contract, Members: []noren.MemberPatch{{ID: 1, LastName: noren.Set("山田")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// grant gives member 1 points that can be used through that day.
func (h *house) grant(t *testing.T, c noren.Caller, amount int64, through noren.Date) {
	t.Helper()
	_, err := h.Points.Adjust(t.Context(), c, points.Adjustment{
		Query: noren.MemberQuery{IDs: []int64{1}}, Mode: points.Add, Type: noren.DefaultPoint, Amount: amount,
		ExpiresOn: noren.Set(through),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

// open returns what remains of the lots of member 1, expired by the clock or not.
func (h *house) open(t *testing.T, c noren.Caller) (amounts []int64) {
	t.Helper()
	err := h.engine.Engine.Update(t.Context(), c.Tenant.ID, func(tx noren.Tx) error {
		lots, err := tx.OpenLots(t.Context(), []int64{1}, noren.DefaultPoint, true)
		for _, l := range lots {
			amounts = append(amounts, l.Remaining)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return amounts
}

// sound fails the test where an invariant is violated.
func (h *house) sound(t *testing.T) {
	t.Helper()
	checks, err := h.Engine.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		if c.Violated > 0 {
			t.Errorf("%s: %v", c.Name, c.Violations)
		}
	}
}

// japan is when a day begins there.
func japan(day int) time.Time {
	return time.Date(2000, 1, day, 0, 0, 0, 0, time.FixedZone("JST", 9*60*60))
}

// A bubble's time begins with the year 2000 in UTC, which is nine hours later in Japan.
func TestPointsExpireByTheCalendar(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		c := h.member(t, "shop")
		h.grant(t, c, 100, "2000-01-02")
		h.grant(t, c, 20, "2000-01-03")
		start(t, worker.Config{Rooms: roomsOf(h.App), Poll: never})
		for _, step := range []struct {
			at   time.Time
			want []int64
		}{
			{japan(3).Add(-time.Second), []int64{100, 20}},
			{japan(3).Add(time.Hour), []int64{20}},
			{japan(4).Add(-time.Second), []int64{20}},
			{japan(4).Add(time.Hour), nil},
		} {
			time.Sleep(time.Until(step.at))
			synctest.Wait()
			if diff := cmp.Diff(step.want, h.open(t, c)); diff != "" {
				t.Errorf("at %v:\n%s", step.at, diff)
			}
		}
		h.sound(t)
	})
}

// A worker that starts late catches up at once, and looks no more often than once a day.
func TestExpiryAtStartAndOnceADay(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		c := h.member(t, "shop")
		h.grant(t, c, 100, "2000-01-01")
		time.Sleep(time.Until(japan(5)))
		start(t, worker.Config{Rooms: roomsOf(h.App), Poll: never})
		synctest.Wait()
		if left := h.open(t, c); left != nil {
			t.Errorf("left after the start: %v", left)
		}
		looked := h.engine.expiring.count()
		time.Sleep(23 * time.Hour)
		synctest.Wait()
		if again := h.engine.expiring.count(); again != looked {
			t.Errorf("it looked %d times more on the same day", again-looked)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if again := h.engine.expiring.count(); again != looked+1 {
			t.Errorf("it looked %d times on the next day", again-looked)
		}
	})
}

// Trouble is tried again an hour later, and stays with the tenant that has it.
func TestExpiryTroubleIsOneTenants(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		unlucky, lucky, off := h.member(t, "a-unlucky"), h.member(t, "b-lucky"), h.member(t, "c-off")
		for _, c := range []noren.Caller{unlucky, lucky, off} {
			h.grant(t, c, 100, "2000-01-01")
		}
		_, err := h.Shop.Apply(t.Context(), shop.Shop{
			Contract: "c-off", Tenant: noren.TenantPatch{Points: noren.Set(noren.PointSettings{})},
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(japan(2)))
		h.engine.broken.Store(int64(unlucky.Tenant.ID))
		start(t, worker.Config{Rooms: roomsOf(h.App), Poll: never})
		synctest.Wait()
		for c, want := range map[*noren.Caller]int{&unlucky: 1, &lucky: 0, &off: 1} {
			if left := h.open(t, *c); len(left) != want {
				t.Errorf("%s: left %v, want %d", c.Tenant.Contract, left, want)
			}
		}
		h.engine.broken.Store(0)
		time.Sleep(time.Hour)
		synctest.Wait()
		if left := h.open(t, unlucky); left != nil {
			t.Errorf("left after the trouble: %v", left)
		}
		h.sound(t)
	})
}

// upload records n files of the tenant, and attaches the first.
func (h *house) upload(t *testing.T, c noren.Caller, n int) (keys []string) {
	t.Helper()
	for i := range n {
		keys = append(keys, fmt.Sprintf("file-%03d.png", i))
		if _, err := h.Members.AddUpload(t.Context(), c, noren.Upload{FileKey: keys[i], MIMEType: "image/png", Size: 1}, nil); err != nil {
			t.Fatal(err)
		}
	}
	a := noren.Attachment{MemberID: 1, FileKey: keys[0], Tag: noren.PhotoFile}
	if _, _, err := h.Members.Attach(t.Context(), c, a, nil); err != nil {
		t.Fatal(err)
	}
	return keys
}

// remover is a store of files of which only removals are known: how often each file was to be removed.
type remover struct {
	mu    sync.Mutex
	asked map[string]int // by contract/key
	fail  func(name string, times int) error
}

func (r *remover) remove(_ context.Context, tenant noren.Tenant, key string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked == nil {
		r.asked = make(map[string]int)
	}
	name := tenant.Contract + "/" + key
	r.asked[name]++
	return r.fail(name, r.asked[name])
}

// expect compares what was asked for.
func (r *remover) expect(t *testing.T, want map[string]int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if diff := cmp.Diff(want, r.asked); diff != "" {
		t.Error(diff)
	}
}

// More files than one call removes are swept a day after they came, but not those that something refers to.
func TestUnusedFilesAreSwept(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		keys := h.upload(t, h.member(t, "shop"), 120)
		r := &remover{fail: func(string, int) error { return nil }}
		start(t, worker.Config{Rooms: roomsOf(h.App), Poll: never, RemoveFile: r.remove})
		time.Sleep(members.UnusedFor - time.Second)
		synctest.Wait()
		r.expect(t, nil)
		time.Sleep(time.Hour + time.Second)
		synctest.Wait()
		want := make(map[string]int)
		for _, key := range keys[1:] {
			want["shop/"+key] = 1
		}
		r.expect(t, want)
		h.sound(t)
	})
}

// The file of a person who was erased goes within a minute, and not after a day as one that may yet be attached.
func TestFilesOfErasedPeopleAreSwept(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		c := h.member(t, "shop")
		keys := h.upload(t, c, 2)
		r := &remover{fail: func(string, int) error { return nil }}
		start(t, worker.Config{Rooms: roomsOf(h.App), Poll: never, RemoveFile: r.remove})
		synctest.Wait()
		if _, err := h.Privacy.Erase(t.Context(), c, 1); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		r.expect(t, map[string]int{"shop/" + keys[0]: 1})
		h.sound(t)
	})
}

// A file that cannot be removed, whether by an error or a panic, does not keep the others, nor other tenants' files;
// it is tried again every hour.
func TestSweepingFails(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		h.upload(t, h.member(t, "a"), 4)
		h.upload(t, h.member(t, "b"), 2)
		r := &remover{fail: func(name string, times int) error {
			switch {
			case name == "a/file-002.png" && times == 1:
				return errors.New("the bucket is away")
			case name == "a/file-002.png" && times == 2:
				panic("the bucket is broken")
			}
			return nil
		}}
		start(t, worker.Config{Rooms: roomsOf(h.App), Poll: never, RemoveFile: r.remove})
		time.Sleep(members.UnusedFor + 5*time.Hour)
		synctest.Wait()
		r.expect(t, map[string]int{"a/file-001.png": 1, "a/file-002.png": 3, "a/file-003.png": 1, "b/file-001.png": 1})
	})
}

// What a tenant keeps no longer goes by itself, within an hour of the tenant's midnight.
func TestTheDailyRunErasesMembersWhoLeft(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		c := h.member(t, "shop")
		_, err := h.Shop.Apply(t.Context(), shop.Shop{
			Contract: "shop", Tenant: noren.TenantPatch{Keep: noren.Set(noren.Retention{LeftMembers: 2, AuditValues: 2})},
			Members: []noren.MemberPatch{{ID: 2, LastName: noren.Set("去"), Status: noren.Set(noren.Left), LeaveDate: noren.Set(noren.Date("2000-01-01"))}},
		})
		if err != nil {
			t.Fatal(err)
		}
		start(t, worker.Config{Rooms: roomsOf(h.App), Poll: never})
		for _, step := range []struct {
			at   time.Time
			want int
		}{{japan(3).Add(-time.Second), 0}, {japan(3).Add(time.Hour), 1}, {japan(9), 1}} {
			time.Sleep(time.Until(step.at))
			synctest.Wait()
			receipts, err := h.Privacy.Erasures(t.Context(), c)
			if err != nil || len(receipts) != step.want {
				t.Errorf("at %v %d members are erased, want %d (%v)", step.at, len(receipts), step.want, err)
			}
		}
		log, err := h.Audit.Log(t.Context(), c, noren.AuditFilter{Subject: "member", SubjectID: "1"})
		if err != nil || len(log.Items) == 0 || string(log.Items[0].Changes) != "{}" {
			t.Errorf("the log has %+v, %v", log.Items, err)
		}
		h.sound(t)
	})
}
