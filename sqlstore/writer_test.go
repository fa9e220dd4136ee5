package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"noren"
)

// writerBundle is a SQLite database whose writer can be held, so that what is written meanwhile becomes one batch.
type writerBundle struct {
	*bundle
	writer *writer
	calls  sync.WaitGroup
}

func setupWriter(t testing.TB, params ...string) *writerBundle {
	b := setupSQLite(t, params...)
	return &writerBundle{bundle: b, writer: b.on.(*sqliteBackend).writer}
}

// hold keeps the writer busy until release is called.
func (b *writerBundle) hold(t *testing.T) (release func()) {
	t.Helper()
	held, released := make(chan struct{}), make(chan struct{})
	b.calls.Go(func() {
		if err := b.update(context.WithoutCancel(t.Context()), tenant, func(*tx) error {
			close(held)
			<-released
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	<-held
	return sync.OnceFunc(func() {
		close(released)
		b.calls.Wait()
	})
}

// outcome is what became of one update: its error, or what it panicked with.
type outcome struct {
	err      error
	panicked any
}

// queue starts an update and waits until it is the last in the queue.
func (b *writerBundle) queue(ctx context.Context, fn func(*tx) error) *outcome {
	return b.queueOf(ctx, tenant, fn)
}

// queueOf is queue for another tenant's update.
func (b *writerBundle) queueOf(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) *outcome {
	o, before := &outcome{}, b.writer.queue.length()
	b.calls.Go(func() {
		defer func() { o.panicked = recover() }()
		o.err = b.update(ctx, tenant, fn)
	})
	for b.writer.queue.length() == before {
		runtime.Gosched()
	}
	return o
}

func TestWaitingClosuresShareOneCommit(t *testing.T) {
	t.Parallel()
	b := setupWriter(t)
	release := b.hold(t)
	outcomes := make([]*outcome, 20)
	for i := range outcomes {
		outcomes[i] = b.queue(t.Context(), put(t.Context(), fmt.Sprintf("key %02d", i)))
	}
	var committed []string // when the last closure ran
	last := b.queue(t.Context(), func(*tx) error {
		committed = b.names(t)
		return nil
	})
	release()
	for i, o := range slices.Concat(outcomes, []*outcome{last}) {
		if o.err != nil {
			t.Errorf("closure %d: %v", i, o.err)
		}
	}
	if len(committed) > 0 {
		t.Errorf("committed before the last closure of the batch ran: %q", committed)
	}
	if names := b.names(t); len(names) != len(outcomes) {
		t.Errorf("stored %q", names)
	}
}

func TestClosureFailsAlone(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	for name, failing := range map[string]struct {
		fn       func(ctx context.Context) func(*tx) error
		is       error
		panicked string
	}{
		"error":          {fn: failingWith(refused), is: refused},
		"constraint":     {fn: twice},
		"error ignored":  {fn: ignoring},
		"panic":          {fn: panicking, panicked: "out of order"},
		"caller is gone": {fn: failingWith(nil), is: context.Canceled},
	} {
		for _, neighbours := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, neighbours %t", name, neighbours), func(t *testing.T) {
				t.Parallel()
				b := setupWriter(t)
				ctx, cancel := context.WithCancel(t.Context())
				release := b.hold(t)
				var around []*outcome
				if neighbours {
					around = append(around, b.queue(t.Context(), put(t.Context(), "before")))
				}
				failed := b.queue(ctx, failing.fn(t.Context()))
				if errors.Is(failing.is, context.Canceled) {
					cancel()
				}
				defer cancel()
				if neighbours {
					around = append(around, b.queue(t.Context(), put(t.Context(), "after")))
				}
				release()

				for _, o := range around {
					if o.err != nil || o.panicked != nil {
						t.Errorf("a neighbour failed: %+v", o)
					}
				}
				if failing.panicked != "" {
					if !strings.Contains(fmt.Sprint(failed.panicked), failing.panicked) {
						t.Errorf("panicked with %v, want %q", failed.panicked, failing.panicked)
					}
				} else if failed.err == nil || failing.is != nil && !errors.Is(failed.err, failing.is) {
					t.Errorf("error %v, want %v", failed.err, failing.is)
				}
				var want []string
				if neighbours {
					want = []string{"after", "before"}
				}
				if diff := cmp.Diff(want, b.names(t)); diff != "" {
					t.Errorf("stored (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestAClosureThatOnlyReadFailsForNothing counts the runs of a neighbour: only what has written is worth another run.
func TestAClosureThatOnlyReadFailsForNothing(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	reading := func(ctx context.Context) func(*tx) error {
		return func(t *tx) error {
			if _, err := t.SigningKey(ctx, "x"); err != nil {
				return err
			}
			return refused
		}
	}
	for name, c := range map[string]struct {
		fn   func(ctx context.Context) func(*tx) error
		runs int
	}{"read": {reading, 1}, "wrote": {failingWith(refused), 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupWriter(t)
			release := b.hold(t)
			runs := 0
			neighbour := b.queue(t.Context(), func(tx *tx) error {
				runs++
				return put(t.Context(), "neighbour")(tx)
			})
			failed := b.queue(t.Context(), c.fn(t.Context()))
			release()
			if neighbour.err != nil || !errors.Is(failed.err, refused) || runs != c.runs {
				t.Errorf("the neighbour ran %d times, want %d; errors %v and %v", runs, c.runs, neighbour.err, failed.err)
			}
		})
	}
}

// failingWith writes, then returns err.
func failingWith(err error) func(ctx context.Context) func(*tx) error {
	return func(ctx context.Context) func(*tx) error {
		return func(t *tx) error { return errors.Join(put(ctx, "x")(t), err) }
	}
}

// twice breaks a constraint.
func twice(ctx context.Context) func(*tx) error {
	return func(t *tx) error { return errors.Join(put(ctx, "x")(t), put(ctx, "x")(t)) }
}

// ignoring does not mind that its second statement fails.
func ignoring(ctx context.Context) func(*tx) error {
	return func(t *tx) error {
		put(ctx, "x")(t)
		put(ctx, "x")(t)
		return nil
	}
}

func panicking(ctx context.Context) func(*tx) error {
	return func(t *tx) error {
		if err := put(ctx, "x")(t); err != nil {
			return err
		}
		panic("out of order")
	}
}

func TestCallerThatHangsUpInterruptsNobody(t *testing.T) {
	t.Parallel()
	b := setupWriter(t)
	ctx, hangUp := context.WithCancel(t.Context())
	release := b.hold(t)
	gone := b.queue(ctx, func(t *tx) error {
		hangUp()
		return put(ctx, "gone")(t)
	})
	neighbour := b.queue(t.Context(), put(t.Context(), "neighbour"))
	release()
	if gone.err != nil || neighbour.err != nil {
		t.Errorf("errors %v and %v", gone.err, neighbour.err)
	}
	if diff := cmp.Diff([]string{"gone", "neighbour"}, b.names(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

// TestTenantsTakeTurnsAtTheWriter queues many slow writes of one tenant and then a few of another, which are committed before
// nearly all of the others.
func TestTenantsTakeTurnsAtTheWriter(t *testing.T) {
	t.Parallel()
	b := setupWriter(t)
	release := b.hold(t)
	var run atomic.Int64
	for range 40 {
		b.queue(t.Context(), func(x *tx) error {
			time.Sleep(batchTime + time.Millisecond)
			return put(t.Context(), strconv.FormatInt(run.Add(1), 10))(x)
		})
	}
	few := make([]int64, 3)
	var calls sync.WaitGroup
	for i := range few {
		before := b.writer.queue.length()
		calls.Go(func() {
			if err := b.update(t.Context(), tenant+1, put(t.Context(), fmt.Sprint("few ", i))); err != nil {
				t.Error(err)
			}
			few[i] = run.Load()
		})
		for b.writer.queue.length() == before {
			runtime.Gosched()
		}
	}
	go release()
	calls.Wait()
	b.calls.Wait()
	for i, before := range few {
		if before > 10 {
			t.Errorf("write %d of the other tenant was committed after %d of 40", i+1, before)
		}
	}
	if run.Load() != 40 {
		t.Errorf("%d writes were run", run.Load())
	}
}

// TestLongWriteIsAwaited tells a write that takes its time that another tenant waits, and only then.
func TestLongWriteIsAwaited(t *testing.T) {
	t.Parallel()
	b := setupWriter(t)
	var told []bool
	err := b.update(t.Context(), tenant, func(x *tx) error {
		time.Sleep(batchTime + time.Millisecond)
		told = append(told, x.Awaited())
		b.queue(t.Context(), func(*tx) error { return nil })
		told = append(told, x.Awaited())
		b.queueOf(t.Context(), tenant+1, func(*tx) error { return nil })
		told = append(told, x.Awaited())
		return nil
	})
	if b.calls.Wait(); err != nil || !slices.Equal(told, []bool{false, false, true}) {
		t.Errorf("told %v, %v", told, err)
	}
}

func TestFullQueueRefuses(t *testing.T) {
	t.Parallel()
	b := setupWriter(t)
	release := b.hold(t)
	defer release()
	waiting := make([]*outcome, queueLength/2)
	for i := range waiting {
		waiting[i] = b.queue(t.Context(), func(*tx) error { return nil })
	}
	wantUnavailable(t, b.update(t.Context(), tenant, put(t.Context(), "one too many")))
	other := b.queueOf(t.Context(), tenant+1, func(*tx) error { return nil })
	release()
	if other.err != nil {
		t.Errorf("another tenant's: %v", other.err)
	}
	for _, o := range waiting {
		if o.err != nil {
			t.Fatal(o.err)
		}
	}
	if err := b.update(t.Context(), tenant, put(t.Context(), "later")); err != nil {
		t.Error(err)
	}
}

// TestFullDisk uses a bound on the size of the file. What finds no room rolls back the whole transaction.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	b := setupWriter(t, "_pragma=max_page_count(400)")
	tooLong := strings.Repeat("x", 2<<20)
	release := b.hold(t)
	again := make(map[string][]bool)
	noting := func(name string, fn func(*tx) error) func(*tx) error {
		return func(t *tx) error {
			again[name] = append(again[name], t.Again())
			return fn(t)
		}
	}
	before := b.queue(t.Context(), noting("before", put(t.Context(), "before")))
	full := b.queue(t.Context(), noting("full", putLong(t.Context(), "full", tooLong)))
	after := b.queue(t.Context(), noting("after", put(t.Context(), "after")))
	release()

	wantUnavailable(t, full.err)
	if before.err != nil || after.err != nil {
		t.Errorf("neighbours failed: %v, %v", before.err, after.err)
	}
	// Together, together with savepoints, and alone: each time what came before was rolled back.
	want := map[string][]bool{"before": {false, false, false}, "full": {false, false, false}, "after": {false}}
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("Again of each run (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"after", "before"}, b.names(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestRecoversWhenThereIsRoomAgain(t *testing.T) {
	t.Parallel()
	b := setupWriter(t, "_pragma=max_page_count(400)")
	ctx := t.Context()
	var err error
	stored := 0
	for ; err == nil && stored < 1000; stored++ {
		err = b.update(ctx, tenant, putLong(ctx, fmt.Sprintf("key %03d", stored), strings.Repeat("x", 10_000)))
	}
	wantUnavailable(t, err)
	if n := len(b.names(t)); n != stored-1 {
		t.Errorf("%d keys stored, want %d", n, stored-1)
	}
	if err := b.update(ctx, tenant, func(t *tx) error {
		_, err := t.exec(ctx, `DELETE FROM signing_keys WHERE tenant_id = ? AND name < 'key 005'`, t.tenant)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := b.update(ctx, tenant, putLong(ctx, "late", strings.Repeat("x", 10_000))); err != nil {
		t.Error(err)
	}
}

func TestDatabaseLockedByAnotherProcess(t *testing.T) {
	t.Parallel()
	b := setupWriter(t, "_pragma=busy_timeout(1)")
	ctx := t.Context()
	path, _, _ := strings.Cut(strings.TrimPrefix(b.url, "sqlite:"), "?")
	other, err := sql.Open("sqlite", path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	lock, err := other.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantUnavailable(t, b.update(ctx, tenant, put(ctx, "x")))
	gone, hangUp := context.WithCancel(ctx)
	hangUp()
	if err := b.update(gone, tenant, put(ctx, "x")); err == nil {
		t.Error("a caller that has gone is told that its work is stored")
	}
	if names := b.names(t); len(names) > 0 {
		t.Errorf("stored %q", names)
	}
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := b.update(ctx, tenant, put(ctx, "x")); err != nil {
		t.Error(err)
	}
}

func TestCloseWorksOffTheQueue(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "noren.db")
	b := &writerBundle{bundle: setup(t, "sqlite:"+path)}
	b.writer = b.on.(*sqliteBackend).writer
	release := b.hold(t)
	waiting := []*outcome{b.queue(t.Context(), put(t.Context(), "a")), b.queue(t.Context(), put(t.Context(), "b"))}
	closed := make(chan error)
	go func() { closed <- b.Close() }()
	for refused := false; !refused; runtime.Gosched() {
		b.writer.queue.mu.Lock()
		refused = b.writer.queue.closed
		b.writer.queue.mu.Unlock()
	}
	wantUnavailable(t, b.update(t.Context(), tenant, put(t.Context(), "late")))
	release()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	for _, o := range waiting {
		if o.err != nil {
			t.Error(o.err)
		}
	}
	wantUnavailable(t, b.view(t.Context(), tenant, func(*tx) error { return nil }))
	if diff := cmp.Diff([]string{"a", "b"}, setup(t, "sqlite:"+path).names(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestManyWritersAtOnce(t *testing.T) {
	t.Parallel()
	b := setupWriter(t)
	var want []string
	for caller := range 16 {
		for n := range 25 {
			want = append(want, fmt.Sprintf("key %02d %02d", caller, n))
		}
		b.calls.Go(func() {
			for n := range 25 {
				if err := b.update(t.Context(), tenant, put(t.Context(), fmt.Sprintf("key %02d %02d", caller, n))); err != nil {
					t.Error(err)
				}
				if names := b.names(t); !slices.Contains(names, fmt.Sprintf("key %02d %02d", caller, n)) {
					t.Errorf("what was answered as stored is not there")
				}
			}
		})
	}
	b.calls.Wait()
	if diff := cmp.Diff(want, b.names(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

// TestTwoProcessesWrite has a second process on the same file, such as a command beside the server.
func TestTwoProcessesWrite(t *testing.T) {
	t.Parallel()
	one := setupSQLite(t)
	two := setup(t, one.url)
	var calls sync.WaitGroup
	var want []string
	for process, b := range []*bundle{one, two} {
		for n := range 50 {
			name := fmt.Sprintf("key %d %02d", process, n)
			want = append(want, name)
			calls.Go(func() {
				if err := b.update(t.Context(), tenant, put(t.Context(), name)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	calls.Wait()
	if diff := cmp.Diff(want, one.names(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func wantUnavailable(t *testing.T, err error) {
	t.Helper()
	e, ok := errors.AsType[*noren.Error](err)
	if !ok || e.Kind != noren.Unavailable || e.RetryAfter != time.Second {
		t.Errorf("got %v, want Unavailable and to come back after a second", err)
	}
}
