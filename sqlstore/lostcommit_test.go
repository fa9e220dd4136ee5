package sqlstore

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"noren"
	"noren/pgtest"
)

// TestLostAnswerOfCommit accepts a request whose commit goes through unseen, also as Citus tells of one whose outcome it does not
// know, and one whose commit fails in the same words: the closure is run again, and looks for its own work by the token.
func TestLostAnswerOfCommit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server func(testing.TB) string
		loss   pgtest.Loss
		failed bool // the commit: nothing of it is stored
	}{
		"the response is lost":              {pgtest.Database, pgtest.Loss{Response: pgtest.Committed}, false},
		"Citus, XX000 after it was stored":  {pgtest.LikeCitus, pgtest.Loss{Response: pgtest.Committed, State: "XX000"}, false},
		"Citus, 08006 after it was stored":  {pgtest.LikeCitus, pgtest.Loss{Response: pgtest.Committed, State: "08006"}, false},
		"Citus, XX000, and nothing is kept": {pgtest.LikeCitus, pgtest.Loss{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lostCommit(t, c.server(t), c.loss, c.failed)
		})
	}
}

// failingCommit fails the first commit of a bulk request. A sequence counts also what is rolled back.
const failingCommit = `CREATE SEQUENCE commits;
	CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF nextval('commits') = 1 THEN RAISE EXCEPTION 'could not commit' USING ERRCODE = 'XX000'; END IF;
		RETURN NULL;
	END $$;
	CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON bulk_requests DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_once()`

func lostCommit(t *testing.T, server string, loss pgtest.Loss, failed bool) {
	proxy, proxied := pgtest.NewProxy(t, server)
	if strings.Contains(server, pgtest.CitusName) {
		proxied += "&application_name=" + pgtest.CitusName
	}
	b := setup(t, proxied)
	made, _, err := b.EnsureTenant(t.Context(), "sb_1")
	if err == nil {
		err = b.Update(t.Context(), tenant, func(tx noren.Tx) error { return tx.PutTenant(t.Context(), made) })
	}
	if err != nil || made.ID != tenant {
		t.Fatal(made, err)
	}
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
	if failed {
		if _, err := b.connect(t).Exec(failingCommit); err != nil {
			t.Fatal(err)
		}
	} else {
		proxy.Lose(&loss)
	}
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
