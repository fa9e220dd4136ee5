package recore

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"noren"
	"noren/web"
	"noren/wire"
)

// refusedWell checks that an error is a refusal that a client can read.
func refusedWell(t *testing.T, err error) {
	t.Helper()
	a := New(Config{}).Refuse(&web.Request{}, err)
	if noren.KindOf(err) != noren.Invalid || a.Status != http.StatusBadRequest && a.Status != http.StatusUnprocessableEntity {
		t.Errorf("%v: %d", err, a.Status)
	}
	if _, bad := wire.Parse(a.Body); bad != nil || !utf8.Valid(a.Body) {
		t.Errorf("%s: %v", a.Body, bad)
	}
}

func FuzzDecodeMembers(f *testing.F) {
	for _, body := range []string{
		`[{"id":1,"tel":"03-1234-5678","sex":null}]`, `[{"id":"x","bank_code":"12","status":"MERGED","birthdate":"2026-02-30"}]`,
		`[{},{"is_optout":5}]`, `{}`, `[1]`, `[{"member_rank_id":1e400}]`,
	} {
		f.Add([]byte(body))
	}
	tables := New(Config{}).tables
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, err := decodeRows(body, tables.changedRow)
		if err != nil {
			refusedWell(t, err)
			return
		}
		for i, row := range rows {
			if len(row.problems) > 0 {
				refusedWell(t, complain(rowPrefix(i), row.sent, row.problems))
			} else if name, _ := row.patch.LastName.Value(); row.patch.ID < 1 || row.patch.ID > maxID || !wire.Storable(name) || utf8.RuneCountInString(name) > 50 {
				t.Errorf("%+v", row.patch)
			}
		}
	})
}

func FuzzDecodePoints(f *testing.F) {
	f.Add([]byte(pointsBody(`,"type":"PAID","expires_on":null,"staff_id":1`, `{"ids":[1],"codes":["x"],"alias_codes":[]}`)))
	f.Add([]byte(`{"amount":-1,"query":[],"note":5}`))
	table := New(Config{}).tables.points
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := readAdjustment(body, table)
		if err != nil {
			refusedWell(t, err)
			return
		}
		if a.Amount < 1 || a.Amount > noren.MaxPoints || a.Mode == "" || a.Type == "" || a.Note == "" {
			t.Errorf("%+v", a)
		}
	})
}

func FuzzDecodeNoteAndAttachment(f *testing.F) {
	f.Add([]byte(`{"staff_id":1,"note":"x","file_key":"x","tag":"PHOTO","file_name":null}`))
	f.Add([]byte(`{"file_key":"` + strings.Repeat("a", 40) + `.jpg","tag":"GENERAL"}`))
	tables := New(Config{}).tables
	f.Fuzz(func(t *testing.T, body []byte) {
		var n noren.Note
		if err := readObject(body, tables.note, &n); err != nil {
			refusedWell(t, err)
		} else if n.Text == "" || !wire.Storable(n.Text) {
			t.Errorf("%+v", n)
		}
		var a noren.Attachment
		if err := readObject(body, tables.attachment, &a); err != nil {
			refusedWell(t, err)
		} else if strings.ContainsAny(a.FileKey, `/\%`) || strings.Contains(a.FileKey, "..") {
			t.Errorf("%+v", a)
		}
	})
}

func FuzzListQuery(f *testing.F) {
	for _, query := range []string{
		"ids=1,2&statuses=ACTIVE&keyword=%E5%B1%B1&limit=5&cursor=", "created_at_from=2024-04-12%2012:08:38&page=2", "limit=%", "cursor=AUjZttvuDr_w",
		"ids=99999999999999999999,x", "=&=",
	} {
		f.Add(query)
	}
	l := memberList()
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest(http.MethodGet, "/members", nil)
		r.URL.RawQuery = query
		a, err := l.read(&web.Request{HTTP: r})
		if err != nil {
			refusedWell(t, err)
			return
		}
		if a.page.Limit < 1 || a.page.Limit > maxLimit || a.page.Offset < 0 || a.after < 0 || !wire.Storable(a.filter.Keyword) {
			t.Errorf("%+v", a)
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add(newCursor(shopA, 1))
	f.Add(newCursor(shopA, maxID))
	f.Fuzz(func(t *testing.T, cursor string) {
		id, ok := readCursor(shopA, cursor)
		if ok && cursor != "" && newCursor(shopA, id) != cursor {
			t.Errorf("%q is taken for the cursor of %d", cursor, id)
		}
	})
}
