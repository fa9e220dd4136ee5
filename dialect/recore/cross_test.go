package recore

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"noren/wire"
)

// pos sends a request as the Smaregi client, and applies what it was accepted for.
func (b *bundle) pos(method, path, body string) answer {
	b.Helper()
	a := b.Do(request{Method: method, Path: path, Body: body, Header: map[string]string{"Authorization": "Bearer pos-A"}})
	if method == http.MethodPatch && a.Status == http.StatusAccepted {
		b.ApplyLane(shopA)
	}
	return a
}

func parsed(tb rapid.TB, body string) map[string]any {
	var m map[string]any
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		tb.Fatalf("%s: %v", body, err)
	}
	return m
}

// pairs are the fields that both dialects have under two names, with values that both accept.
func pairs() []struct{ recore, smaregi string } {
	return []struct{ recore, smaregi string }{
		{"last_name", "lastName"},
		{"first_name", "firstName"},
		{"last_kana", "lastKana"},
		{"first_kana", "firstKana"},
		{"postal_code", "postCode"},
		{"tel", "phoneNumber"},
		{"email", "mailAddress"},
		{"company_name", "companyName"},
		{"birthdate", "birthDate"},
	}
}

func valueOf(t *rapid.T, field string) string {
	switch field {
	case "tel":
		return rapid.StringMatching(`0[0-9]{9,10}`).Draw(t, field)
	case "postal_code":
		return rapid.StringMatching(`[0-9]{3}-?[0-9]{4}`).Draw(t, field)
	case "email":
		return rapid.StringMatching(`[a-z]{1,20}@[a-z]{1,20}`).Draw(t, field)
	case "birthdate":
		return rapid.StringMatching(`19[0-9]{2}-0[1-9]-[12][0-8]`).Draw(t, field)
	case "last_kana", "first_kana":
		return rapid.StringMatching(`[ァ-ヶー]{1,20}`).Draw(t, field)
	default:
		return rapid.StringMatching(`[山田花子A-Z"\\𠮷]{1,20}`).Draw(t, field)
	}
}

// What one dialect writes, the other reads; and writing back what was read changes nothing, through either.
func TestDialectsAgree(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(pairs()).Draw(t, "field")
		value := valueOf(t, p.recore)
		toSmaregi := rapid.Bool().Draw(t, "written by ReCORE")
		status := rapid.SampledFrom([]string{"0", "1", "2", "3", "4"}).Draw(t, "status")
		sex := rapid.SampledFrom([]string{"MALE", "FEMALE", "OTHER"}).Draw(t, "sex")
		send := func(method, path, body string) {
			if a := b.Do(request{Method: method, Path: path, As: "a", Body: body}); a.Status != http.StatusOK {
				t.Fatalf("%s %s: %d %s", path, body, a.Status, a.Body)
			}
		}
		patch := func(row string) {
			if a := b.pos("PATCH", "/customers/bulk", `{"customers":[`+row+`],"callbackUrl":"https://example.com"}`); a.Status != http.StatusAccepted {
				t.Fatalf("%s: %d %s", row, a.Status, a.Body)
			}
		}
		leave := "null"
		if status == "3" {
			leave = `"2026-01-01"`
		}
		patch(`{"customerId":1,"status":"` + status + `","leaveDate":` + leave + `}`)
		send("PUT", "/members/1", `{"sex":"`+sex+`"}`)
		if toSmaregi {
			send("PUT", "/members/1", string(wire.JSON(wire.Map{wire.P(p.recore, value)})))
		} else {
			patch(string(wire.JSON(wire.Map{wire.P("customerId", 1), wire.P(p.smaregi, value)})))
		}
		recore, smaregi := b.get("/members/1"), b.pos("GET", "/customers/1", "").Body
		if got := parsed(t, recore)[p.recore]; got != value {
			t.Fatalf("ReCORE reads %v for %s, want %s", got, p.recore, value)
		}
		if got := parsed(t, smaregi)[p.smaregi]; got != value {
			t.Fatalf("Smaregi reads %v for %s, want %s", got, p.smaregi, value)
		}
		send("PUT", "/members/1", recore)
		patch(smaregi)
		if diff := cmp.Diff(recore, b.get("/members/1")); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(smaregi, b.pos("GET", "/customers/1", "").Body); diff != "" {
			t.Fatal(diff)
		}
	})
}

// The words for one status in both dialects, whichever writes.
func TestStatusesInBothDialects(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shown := func() string {
		return fmt.Sprint(parsed(t, b.get("/members/1"))["status"], parsed(t, b.pos("GET", "/customers/1", "").Body)["status"])
	}
	for _, tt := range []struct{ recore, smaregi, want string }{
		{"TENTATIVE", "", "TENTATIVE 1"},
		{"ACTIVE", "", "ACTIVE 0"},
		{"LEAVE", "", "LEAVE 3"},
		{"ACTIVE", "", "ACTIVE 0"},
		{"", "2", "TENTATIVE 2"},
		{"TENTATIVE", "", "TENTATIVE 2"},
		{"", "1", "TENTATIVE 1"},
		{"", "4", "MERGED 4"},
		{"", "0", "ACTIVE 0"},
	} {
		if tt.recore != "" {
			b.put("/members/1", `{"status":"`+tt.recore+`"}`)
		} else if a := b.pos("PATCH", "/customers/bulk", `{"customers":[{"customerId":1,"status":"`+tt.smaregi+`"}],"callbackUrl":"https://example.com"}`); a.Status != 202 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		if got := strings.ReplaceAll(shown(), " ", ""); got != strings.ReplaceAll(tt.want, " ", "") {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}
