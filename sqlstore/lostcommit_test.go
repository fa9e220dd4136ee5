package sqlstore

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"noren"
	"noren/pgtest"
)

// TestLostAnswerOfCommit accepts a request whose commit goes through unseen: the closure is run again, and finds its
// own work by the token.
func TestLostAnswerOfCommit(t *testing.T) {
	t.Parallel()
	proxy, proxied := pgtest.NewProxy(t, pgtest.Database(t))
	b := setup(t, proxied)
	var again []bool
	accept := func(token string) (ids []int64) {
		err := b.Update(t.Context(), tenant, func(tx noren.Tx) (err error) {
			again = append(again, tx.Again())
			ids, err = tx.AcceptBulk(t.Context(), []noren.BulkRequest{{Token: token}}, [][]byte{[]byte("{}")})
			return err
		})
		if err != nil {
			t.Error(err)
		}
		return ids
	}
	proxy.Lose(&pgtest.Loss{Response: pgtest.Committed})
	got := [][]int64{accept("first"), accept("second")}
	if diff := cmp.Diff([][]int64{{1}, {2}}, got); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]bool{false, true, false}, again); diff != "" {
		t.Errorf("Again of each run (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1 first", "2 second"}, b.accepted(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}
