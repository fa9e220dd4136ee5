package privacy_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app/apptest"
	"noren/pgtest"
)

// hook is a callback URL that names the member of calledBack.
const hook = "https://shop.example/hook?job=7&mail=himitsu%40example.com"

// accept accepts a bulk request with that callback URL, about a member who is not erased.
func accept(t *testing.T, b *apptest.Bundle, address string) (id int64) {
	t.Helper()
	r, err := b.Bulk.Accept(b.Ctx, b.Caller, noren.BulkRequest{
		Kind: noren.BulkMembers, Dialect: noren.Smaregi, CallbackURL: address,
		Rows: noren.BulkRows{Members: []noren.MemberPatch{{ID: 1, FirstName: noren.Set("残る")}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.Request.ID
}

// deliver sends what is due once: the receiver responds with that status and answer.
func deliver(t *testing.T, b *apptest.Bundle, status int, answer string) (sent []string) {
	t.Helper()
	claimed, err := b.Bulk.ClaimCallbacks(b.Ctx, b.Caller.Tenant.ID, []noren.HostShare{{Host: "shop.example", Most: 100}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range claimed {
		sent = append(sent, c.URL)
		if _, err := b.Bulk.RecordAttempt(b.Ctx, c, noren.Attempt{At: b.Clock.Read(), Status: status, Answer: []byte(answer)}); err != nil {
			t.Fatal(err)
		}
	}
	return sent
}

// stored is everything that the tenant stores of callbacks.
func stored(t *testing.T, b *apptest.Bundle) string {
	t.Helper()
	var all []any
	b.View(t, func(tx noren.Tx) error {
		list, err := tx.Callbacks(b.Ctx, noren.CallbackFilter{})
		for _, c := range list {
			r, _, attempts, err := tx.BulkByID(b.Ctx, c.RequestID)
			if err != nil {
				return err
			}
			for _, a := range attempts {
				all = append(all, string(a.Answer))
			}
			all = append(all, r, c.URL)
		}
		return err
	})
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestCallbackURLsForgetErasedPeople: what names a person in a callback URL goes at once where the callback has ended, and otherwise
// as soon as it does: until then it is needed.
func TestCallbackURLsForgetErasedPeople(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"delivered", "gone", "given up"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) { forget(t, b, end) })
		})
	}
}

func forget(t *testing.T, b *apptest.Bundle, end string) {
	t.Helper()
	made, _, err := b.Members.Create(b.Ctx, b.Caller, []noren.MemberPatch{{
		Code: noren.Set("GC-7777"), LastName: noren.Set("秘密"), Email: noren.Set("himitsu@example.com"),
	}}, noren.Active, nil)
	if err != nil {
		t.Fatal(err)
	}
	id := made.Items[0].ID
	apply := func() {
		if _, err := b.Bulk.ApplyLane(b.Ctx, b.Caller.Tenant.ID); err != nil {
			t.Fatal(err)
		}
	}
	ended := accept(t, b, hook)
	accept(t, b, "https://shop.example/hook?mail=other@example.com")
	apply()
	deliver(t, b, http.StatusOK, `{"thanks":"himitsu@example.com"}`)
	pending := accept(t, b, hook)
	apply()
	deliver(t, b, http.StatusServiceUnavailable, "busy")
	accept(t, b, hook)
	if _, err = b.Bulk.Accept(b.Ctx, b.Caller, noren.BulkRequest{
		Kind: noren.BulkMembers, Dialect: noren.Smaregi, CallbackURL: "https://shop.example/x",
		Rows: noren.BulkRows{Members: []noren.MemberPatch{{ID: 1}}},
	}, kept("POST /customers/bulk", "k1", `{"requestId":"4","callbackUrl":"`+hook+`"}`)); err != nil {
		t.Fatal(err)
	}
	data, err := b.Privacy.HandOut(b.Ctx, b.Caller, id)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := json.Marshal(data.Traces); err != nil || strings.Count(string(text), `"callback URL"`) != 3 ||
		!strings.Contains(string(text), "response to a callback") || !strings.Contains(string(text), "kept answer") {
		t.Errorf("handed out: %s", text)
	}

	b.Clock.Advance(time.Hour)
	receipt, err := b.Privacy.Erase(b.Ctx, b.Caller, id)
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Removed["callback URLs"] != 3 || receipt.Removed["responses to callbacks"] != 2 || receipt.Removed["kept answers"] != 1 {
		t.Errorf("the receipt says %v", receipt.Removed)
	}
	for _, request := range []int64{ended, pending} {
		status, err := b.Bulk.Status(b.Ctx, b.Caller, request)
		if err != nil || status.Request.CallbackURL != "https://shop.example/hook" {
			t.Errorf("request %d: %s, %v", request, status.Request.CallbackURL, err)
		}
	}
	apply()
	// Still whole: the receivers must get what they are owed.
	owed := slices.DeleteFunc(deliver(t, b, endStatus(end), ""), func(address string) bool { return address != hook })
	if len(owed) != 2 {
		t.Errorf("%d callbacks were sent to where they are owed", len(owed))
	}
	for range 40 { // as often as one is tried
		b.Clock.Advance(2 * time.Hour)
		deliver(t, b, endStatus(end), "")
	}
	if left := stored(t, b); strings.Contains(left, "himitsu") || !strings.Contains(left, "other@example.com") {
		t.Errorf("stored: %s", left)
	}
	b.Sound(t)
}

func endStatus(end string) int {
	return map[string]int{"delivered": http.StatusNoContent, "gone": http.StatusGone, "given up": http.StatusServiceUnavailable}[end]
}

// TestErasingWaitsForTheLane: what a lane has read of a request would be written to the erased member as soon as the erasure lets go
// of it.
func TestErasingWaitsForTheLane(t *testing.T) {
	t.Parallel()
	b := apptest.SetupAt(t, pgtest.Database(t), func(e noren.Engine) noren.Engine { return e })
	accept(t, b, "https://shop.example/hook")
	erased := make(chan error)
	err := b.Engine.Update(b.Ctx, b.Caller.Tenant.ID, func(tx noren.Tx) error {
		if locked, err := tx.LockLane(b.Ctx); err != nil || !locked {
			t.Fatal(locked, err)
		}
		go func() {
			_, err := b.Privacy.Erase(b.Ctx, b.Caller, 1)
			erased <- err
		}()
		select {
		case err := <-erased:
			t.Errorf("erased beside a lane that may have read the member's rows: %v", err)
		case <-time.After(300 * time.Millisecond):
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-erased; err != nil {
		t.Error(err)
	}
	if _, err := b.Bulk.ApplyLane(b.Ctx, b.Caller.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	b.Sound(t)
}

// TestCallbacksGivenUpWithOthersForgetErasedPeople: a callback may be given up without an attempt of its own, with the others of a
// receiver that does not respond.
func TestCallbacksGivenUpWithOthersForgetErasedPeople(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		made, _, err := b.Members.Create(b.Ctx, b.Caller, []noren.MemberPatch{{Email: noren.Set("himitsu@example.com")}}, noren.Active, nil)
		if err != nil {
			t.Fatal(err)
		}
		accept(t, b, "https://shop.example/first")
		accept(t, b, hook)
		if _, err := b.Bulk.ApplyLane(b.Ctx, b.Caller.Tenant.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Privacy.Erase(b.Ctx, b.Caller, made.Items[0].ID); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(stored(t, b), "himitsu") {
			t.Fatal("the callback has lost its receiver")
		}
		b.Clock.Advance(48 * time.Hour)
		claimed, err := b.Bulk.ClaimCallbacks(b.Ctx, b.Caller.Tenant.ID, []noren.HostShare{{Host: "shop.example", Most: 1}})
		if err != nil || len(claimed) != 1 {
			t.Fatal(claimed, err)
		}
		if _, err := b.Bulk.RecordAttempt(b.Ctx, claimed[0], noren.Attempt{At: b.Clock.Read(), Error: "gone", InARow: 99}); err != nil {
			t.Fatal(err)
		}
		if left := stored(t, b); strings.Contains(left, "himitsu") {
			t.Errorf("stored: %s", left)
		}
		b.Sound(t)
	})
}

// TestRequestIDsForgetErasedPeople: a client may make the ID of a request of a code or a telephone number, and the audit log keeps it.
func TestRequestIDsForgetErasedPeople(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		made, _, err := b.Members.Create(b.Ctx, b.Caller, []noren.MemberPatch{{
			Code: noren.Set("GC-7777"), Phone: noren.Set("03-1234-5678"),
		}}, noren.Active, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, reference := range []string{"sync-gc-7777.1", "tel:0312345678", "sync-GC-77771", "other"} {
			sent := *b
			sent.Ctx = noren.WithOrigin(b.Ctx, noren.Origin{ClientRequestID: reference})
			if _, _, err := b.Members.AddNote(sent.Ctx, b.Caller, noren.Note{MemberID: 1, Text: "x"}, nil); err != nil {
				t.Fatal(err)
			}
			accept(t, &sent, "https://shop.example/hook")
		}
		for range 2 {
			if _, err := b.Bulk.ApplyLane(b.Ctx, b.Caller.Tenant.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Privacy.Erase(b.Ctx, b.Caller, made.Items[0].ID); err != nil {
				t.Fatal(err)
			}
		}
		text := stored(t, b)
		b.View(t, func(tx noren.Tx) error {
			log, err := tx.Audit(b.Ctx, noren.AuditFilter{Page: noren.Page{Limit: 100}})
			for _, e := range log {
				text += " " + e.ClientRequestID
			}
			return err
		})
		if strings.Contains(text, "gc-7777.1") || strings.Contains(text, "0312345678") || strings.Count(text, "GC-77771") < 2 {
			t.Errorf("stored: %s", text)
		}
		b.Sound(t)
	})
}
