package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"noren"
)

func accessChecks() []check {
	return []check{
		{"clients are inserted and updated by id", accessClients},
		{"a key belongs to one client of all tenants", accessKeys},
		{"a token finds its client and tenant", accessTokens},
		{"a client's tokens end but for one", accessKeepTokens},
		{"a key finds its client and tenant", accessCallerByKey},
		{"the first answer under a key is kept", accessKeptAnswer},
		{"an answer that has expired makes room", accessKeptAnswerExpired},
		{"of concurrent answers one is kept", accessKeptAnswerConcurrent},
		{"who takes a key second waits for the first", accessKeysTaken},
		{"a mark is stored once", accessMark},
		{"the audit log, newest first", accessAudit},
	}
}

func (b *bundle) clients(t *testing.T) (list []noren.Client) {
	t.Helper()
	b.view(t, func(tx noren.Tx) (err error) {
		list, err = tx.Clients(b.ctx)
		return err
	})
	slices.SortFunc(list, func(x, y noren.Client) int { return int(x.ID - y.ID) })
	return list
}

func (b *bundle) putClients(clients ...noren.Client) error {
	return b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error { return tx.PutClients(b.ctx, clients) })
}

// accessClients changes everything of a client at once, including its key, which another client may then take.
func accessClients(t *testing.T, b *bundle) {
	same(t, "the clients", []noren.Client{b.client(1), b.client(2)}, b.clients(t))
	clerk := b.client(3)
	clerk.APIKeys = []noren.APIKey{{ID: 1, IssuedAt: at(1), RevokedAt: new(at(3))}, {ID: 2, IssuedAt: at(2), ExpiresAt: new(at(9))}}
	// Everything that may be missing is, so that NULL and empty are read back as they were.
	clerk.Kind, clerk.StoreID, clerk.Scopes, clerk.SecretHash, clerk.WebhookSecret = noren.UserClient, new(int64(1)), nil, nil, ""
	changed := b.client(1)
	changed.Name, changed.Dialect, changed.Scopes = "改名", noren.EasyPoints, []string{"a b", `c"d`, ""}
	changed.Key, changed.SecretHash, changed.WebhookSecret = b.tenant.Contract+"-new", []byte{0, 1, 255}, "whsec_new"
	if err := b.putClients(clerk, changed); err != nil {
		t.Fatal(err)
	}
	same(t, "the clients after a change", []noren.Client{changed, b.client(2), clerk}, b.clients(t))
	// The old key is free again.
	heir := b.client(4)
	heir.Key = b.client(1).Key
	if err := b.putClients(heir, changed); err != nil {
		t.Errorf("taking a key that was given up: %v", err)
	}
}

// accessKeys tries to take keys that other clients hold: one that succeeded would receive their requests.
func accessKeys(t *testing.T, b *bundle) {
	other := b.other(t)
	thief := b.client(3)
	thief.Key = b.client(2).Key
	isKind(t, "a key of the same tenant", noren.Conflict, b.putClients(thief))
	// In one call with a client that is sound: neither may be stored.
	thief.Key = other.client(1).Key
	isKind(t, "a key of another tenant", noren.Conflict, b.putClients(b.client(4), thief))
	same(t, "the clients", []noren.Client{b.client(1), b.client(2)}, b.clients(t))
	same(t, "the other tenant's clients", []noren.Client{other.client(1), other.client(2)}, other.clients(t))
	caller, err := b.CallerByKey(b.ctx, noren.Smaregi, other.client(1).Key)
	if err != nil || caller.Tenant.ID != other.tenant.ID {
		t.Errorf("the key finds tenant %d, error %v; want %d", caller.Tenant.ID, err, other.tenant.ID)
	}
}

// sameCaller compares without the webhook secret, which only signing needs, and without what a request adds.
func sameCaller(t *testing.T, what string, b *bundle, client noren.Client, got noren.Caller) {
	t.Helper()
	same(t, what+": tenant", b.tenant, got.Tenant)
	client.WebhookSecret, got.Client.WebhookSecret = "", ""
	same(t, what+": client", client, got.Client)
}

func accessTokens(t *testing.T, b *bundle) {
	other := b.other(t)
	forever := noren.Token{Hash: noren.HashSecret(b.tenant.Contract), ClientID: 2, Scopes: []string{"one", "two"}}
	hour := noren.Token{Hash: noren.HashSecret(b.tenant.Contract + " hour"), ClientID: 1, ExpiresAt: new(at(60))}
	own, alike := hour, forever
	own.Named, own.Hash = b.tenant.ID, noren.HashSecret(b.tenant.Contract+" own")
	// As somebody may give one: in the form of a secret of another tenant.
	alike.Named, alike.Hash = other.tenant.ID, noren.HashSecret(b.tenant.Contract+" alike")
	for _, token := range []noren.Token{forever, hour, own, alike} {
		b.update(t, func(tx noren.Tx) error { return tx.AddToken(b.ctx, token) })
		// Asked for with the other tenant's bundle: the look-up is over all tenants.
		caller, got, err := other.CallerByToken(b.ctx, token.Named, token.Hash)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "the token", token, got)
		sameCaller(t, "the caller", b, b.client(token.ClientID), caller)
	}
	for _, named := range []noren.TenantID{0, b.tenant.ID, other.tenant.ID, 1 << 40} {
		_, _, err := b.CallerByToken(b.ctx, named, noren.HashSecret("unknown"))
		isKind(t, "an unknown token", noren.NotFound, err)
		// An empty hash must not find a token by accident.
		_, _, err = b.CallerByToken(b.ctx, named, nil)
		isKind(t, "no token", noren.NotFound, err)
	}
}

func accessKeepTokens(t *testing.T, b *bundle) {
	for _, named := range []noren.TenantID{0, b.tenant.ID} {
		keepTokens(t, b, named)
	}
}

func keepTokens(t *testing.T, b *bundle, named noren.TenantID) {
	t.Helper()
	token := func(client int64, word string) noren.Token {
		return noren.Token{Named: named, Hash: noren.HashSecret(fmt.Sprint(b.tenant.Contract, word, named)), ClientID: client, Scopes: []string{"one"}}
	}
	for _, step := range []struct {
		kept []byte
		want string
	}{{token(1, "b").Hash, "b c"}, {nil, "c"}} {
		b.update(t, func(tx noren.Tx) error {
			return errors.Join(tx.AddToken(b.ctx, token(1, "a")), tx.AddToken(b.ctx, token(1, "b")), tx.AddToken(b.ctx, token(2, "c")))
		})
		b.update(t, func(tx noren.Tx) error {
			ended, err := tx.KeepTokens(b.ctx, 1, step.kept)
			same(t, "the number of tokens that ended", 3-len(strings.Fields(step.want)), ended)
			return err
		})
		var left []string
		for _, word := range []string{"a", "b", "c"} {
			if _, _, err := b.CallerByToken(b.ctx, named, token(0, word).Hash); err == nil {
				left = append(left, word)
			}
		}
		same(t, "the tokens that are left", step.want, strings.Join(left, " "))
	}
}

func accessCallerByKey(t *testing.T, b *bundle) {
	caller, err := b.CallerByKey(b.ctx, noren.Smaregi, b.client(2).Key)
	if err != nil {
		t.Fatal(err)
	}
	sameCaller(t, "the caller", b, b.client(2), caller)
	_, err = b.CallerByKey(b.ctx, noren.Smaregi, "unknown")
	isKind(t, "an unknown key", noren.NotFound, err)
	_, err = b.CallerByKey(b.ctx, noren.ReCORE, b.client(2).Key)
	isKind(t, "a key of another dialect", noren.NotFound, err)

	moved := b.client(2)
	// What an engine has in memory under the old key must not be used any more.
	moved.Key += "-moved"
	if err := b.putClients(moved); err != nil {
		t.Fatal(err)
	}
	_, err = b.CallerByKey(b.ctx, noren.Smaregi, b.client(2).Key)
	isKind(t, "a key that was given up", noren.NotFound, err)
	caller, err = b.CallerByKey(b.ctx, noren.Smaregi, moved.Key)
	if err != nil {
		t.Fatal(err)
	}
	sameCaller(t, "the caller by the new key", b, moved, caller)
}

// answer is a response that is kept for a day, from that many minutes after Now.
func answer(body string, minutes int) noren.KeptAnswer {
	return noren.KeptAnswer{
		BodyHash: noren.HashSecret(body), Status: 202, ContentType: "application/json;charset=UTF-8",
		// Bytes that are no text: a response is kept as it was sent.
		Body: []byte("{\"requestId\":1}\x00\xff" + body), ExpiresAt: at(minutes).Add(24 * time.Hour),
	}
}

// keep stores the answer as a use case does, which takes the key first.
func (b *bundle) keep(t *testing.T, k noren.IdempotencyKey, a noren.KeptAnswer, minutes int) (kept bool) {
	t.Helper()
	b.update(t, func(tx noren.Tx) error {
		var err error
		kept, err = takeAndKeep(b.ctx, tx, k, a, minutes)
		return err
	})
	return kept
}

// takeAndKeep keeps the answer unless there is one.
func takeAndKeep(ctx context.Context, tx noren.Tx, k noren.IdempotencyKey, a noren.KeptAnswer, minutes int) (kept bool, err error) {
	keys := []noren.IdempotencyKey{k}
	found, err := tx.TakeKeys(ctx, keys, at(minutes))
	if err != nil || found[k] != nil {
		return false, err
	}
	return true, tx.KeepAnswers(ctx, keys, []noren.KeptAnswer{a})
}

func (b *bundle) kept(t *testing.T, k noren.IdempotencyKey, now time.Time) (a *noren.KeptAnswer) {
	t.Helper()
	b.view(t, func(tx noren.Tx) (err error) {
		a, err = tx.KeptAnswer(b.ctx, k, now)
		return err
	})
	return a
}

// accessKeptAnswer checks each part of the scope in which an Idempotency-Key is unique.
func accessKeptAnswer(t *testing.T, b *bundle) {
	key := noren.IdempotencyKey{ClientID: 1, Route: "PATCH /customers/bulk", Key: "鍵 1"}
	first, second := answer("first", 0), answer("second", 1)
	if got := b.kept(t, key, at(0)); got != nil {
		t.Errorf("an answer before any: %v", got)
	}
	same(t, "the first is kept", true, b.keep(t, key, first, 0))
	same(t, "the second is kept", false, b.keep(t, key, second, 1))
	same(t, "the answer", &first, b.kept(t, key, at(2)))
	for _, elsewhere := range []noren.IdempotencyKey{
		{ClientID: 2, Route: key.Route, Key: key.Key},
		{ClientID: 1, Route: "PATCH /stock/bulk", Key: key.Key},
		{ClientID: 1, Route: key.Route, Key: "鍵 2"},
	} {
		if got := b.kept(t, elsewhere, at(2)); got != nil {
			t.Errorf("an answer under %v: %v", elsewhere, got)
		}
		same(t, fmt.Sprintf("an answer under %v is kept", elsewhere), true, b.keep(t, elsewhere, second, 2))
	}
	same(t, "the answer after all", &first, b.kept(t, key, at(3)))
}

// accessKeptAnswerExpired checks that an expired answer that has not been deleted yet is neither replayed nor in the way.
func accessKeptAnswerExpired(t *testing.T, b *bundle) {
	key := noren.IdempotencyKey{ClientID: 1, Route: "PATCH /customers/bulk", Key: "key"}
	// In minutes, so that an answer kept then expires just before Now.
	const yesterday = -24 * 60
	first, second := answer("first", yesterday-1), answer("second", 0)
	b.keep(t, key, first, yesterday-1)
	same(t, "just before it expires", &first, b.kept(t, key, at(-2)))
	if got := b.kept(t, key, at(0)); got != nil {
		t.Errorf("an answer after it has expired: %v", got)
	}
	same(t, "the second is kept", true, b.keep(t, key, second, 0))
	same(t, "the answer", &second, b.kept(t, key, at(0)))
}

func accessKeptAnswerConcurrent(t *testing.T, b *bundle) {
	key := noren.IdempotencyKey{ClientID: 1, Route: "PATCH /customers/bulk", Key: "key"}
	const n = 12
	var kept [n]bool
	inParallel(n, func(i int) {
		err := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) (err error) {
			kept[i], err = takeAndKeep(b.ctx, tx, key, answer(strconv.Itoa(i), 0), 0)
			return err
		})
		if err != nil {
			t.Errorf("keeping an answer: %v", err)
		}
	})
	winner := slices.Index(kept[:], true)
	if winner < 0 || slices.Index(kept[winner+1:], true) >= 0 {
		t.Fatalf("not exactly one answer was kept: %v", kept)
	}
	same(t, "the answer", new(answer(strconv.Itoa(winner), 0)), b.kept(t, key, at(1)))
}

// accessAudit checks that changes come back byte for byte: the log says what was written, not what it means.
func accessAudit(t *testing.T, b *bundle) {
	entries := []noren.AuditEntry{
		{
			ID: 1, At: at(1), ClientID: new(int64(1)), Dialect: "smaregi", Subject: "member", SubjectID: "1", RequestID: "r1",
			// Blanks, the order of keys and an escaped NUL: a column of the type jsonb would lose the first two and
			// refuse the third.
			Changes: []byte(`{"note": ["\u0000 before",null],  "code":["b","a"]}`),
		},
		{ID: 2, At: at(1), Login: "店員", Dialect: "console", Subject: "member", SubjectID: "10", Changes: []byte(`{}`)},
		{
			ID: 3, At: at(3), ClientID: new(int64(2)), Dialect: "smaregi", Subject: "stock", SubjectID: "1:1", RequestID: "r3",
			Changes: []byte(`{"amount":[null,5]}`),
		},
		{ID: 10, At: at(2), ClientID: new(int64(1)), Dialect: "recore", Subject: "member", SubjectID: "1", Changes: []byte(`{"備考":["",null]}`)},
	}
	b.update(t, func(tx noren.Tx) error {
		return firstError(tx.AddAudit(b.ctx, entries[:3]), tx.AddAudit(b.ctx, entries[3:]), tx.AddAudit(b.ctx, nil))
	})
	for _, c := range []struct {
		name   string
		filter noren.AuditFilter
		want   []noren.AuditEntry
	}{
		{"all", noren.AuditFilter{}, []noren.AuditEntry{entries[3], entries[2], entries[1], entries[0]}},
		{"subject", noren.AuditFilter{Subject: "stock"}, []noren.AuditEntry{entries[2]}},
		{"one member", noren.AuditFilter{Subject: "member", SubjectID: "1"}, []noren.AuditEntry{entries[3], entries[0]}},
		{"nothing", noren.AuditFilter{Subject: "stock", SubjectID: "1"}, nil},
		{"page", noren.AuditFilter{Page: noren.Page{Limit: 2, Offset: 1}}, []noren.AuditEntry{entries[2], entries[1]}},
	} {
		b.view(t, func(tx noren.Tx) error {
			got, err := tx.Audit(b.ctx, c.filter)
			same(t, "audit entries, "+c.name, c.want, got)
			return err
		})
	}
}

// accessKeysTaken checks that whoever takes a key second waits for the first, and then finds its answer, or the key free
// where the first has failed; and that keys named in another order make nobody wait for each other.
func accessKeysTaken(t *testing.T, b *bundle) {
	keys := make([]noren.IdempotencyKey, 8)
	for i := range keys {
		keys[i] = noren.IdempotencyKey{ClientID: int64(1 + i%2), Route: "PATCH /customers/bulk", Key: fmt.Sprint("key ", i)}
	}
	answers := make([]noren.KeptAnswer, len(keys))
	for i := range answers {
		answers[i] = answer(strconv.Itoa(i), 0)
	}
	const n = 8
	var found [n]int
	failed := errors.New("the work failed")
	inParallel(n, func(i int) {
		named := slices.Clone(keys)
		// Half of them name the keys the other way round, which would be a deadlock without an order of their own.
		if i%2 == 1 {
			slices.Reverse(named)
		}
		err := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
			kept, err := tx.TakeKeys(b.ctx, named, at(0))
			found[i] = len(kept)
			switch {
			case err != nil || len(kept) > 0:
				return err
			case i%4 == 0:
				return failed
			}
			return tx.KeepAnswers(b.ctx, keys, answers)
		})
		if err != nil && (i%4 != 0 || !errors.Is(err, failed)) {
			t.Errorf("taking the keys: %v", err)
		}
	})
	worked := 0
	for i := range n {
		if i%4 != 0 && found[i] == 0 {
			worked++
		} else if found[i] != 0 {
			same(t, "the answers found", len(keys), found[i])
		}
	}
	// The closures may run again, since an engine may have put several into one transaction of which one failed; but never
	// because they had waited for each other.
	if counted, ok := b.Engine.(interface{ Deadlocks() int64 }); ok {
		same(t, "the deadlocks", int64(0), counted.Deadlocks())
	}
	same(t, "how many worked", 1, worked)
	same(t, "an answer", &answers[3], b.kept(t, keys[3], at(1)))
}

// accessMark checks that a mark is stored once: the work of a second run is not committed.
func accessMark(t *testing.T, b *bundle) {
	mark := noren.IdempotencyKey{ClientID: 1, Key: noren.NewID()}
	write := func(name string) error {
		return b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
			if err := tx.PutStaff(b.ctx, []noren.Staff{{ID: 1, Code: "S1", Name: name}}); err != nil {
				return err
			}
			return tx.Mark(b.ctx, mark, noren.KeptAnswer{BodyHash: []byte{}, ExpiresAt: at(10)})
		})
	}
	if err := write("first"); err != nil {
		t.Fatal(err)
	}
	if err := write("second"); err == nil {
		t.Error("a second run with the same mark was committed")
	}
	b.view(t, func(tx noren.Tx) error {
		staff, err := tx.Staff(b.ctx)
		same(t, "the staff", []noren.Staff{{ID: 1, Code: "S1", Name: "first"}}, staff)
		return err
	})
}
