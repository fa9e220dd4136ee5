package audit_test

import (
	"encoding/json"
	"testing"

	"noren"
	"noren/app/audit"
)

// TestMemberChanges compares what is encoded without reflection with what encoding/json makes of it.
func TestMemberChanges(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "花子", `"\<>&`, "a\u2028b\u2029", "line\nfeed\x00", "\xff", "😀"} {
		before, after := noren.Member{Code: "1"}, noren.Member{
			Code: text, LastName: &text, MailOptIn: true, RankID: new(int64(3)), BirthDate: new(noren.Date("2000-01-02")),
			Sex: noren.Sex(text), Status: noren.Left, PointUnit: new(noren.Hundredths(-1)), LastVisitAt: new(int64(1) << 60),
		}
		want := make(map[string][2]any)
		for _, c := range noren.ChangedColumns(&before, &after) {
			want[c.Name] = [2]any{c.Ref(&before), c.Ref(&after)}
		}
		var got map[string]json.RawMessage
		if err := json.Unmarshal(audit.MemberChanges(&before, &after), &got); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		for name, values := range want {
			one, err := json.Marshal(values)
			if err != nil || string(got[name]) != string(one) {
				t.Errorf("%q: %s is %s, want %s, %v", text, name, got[name], one, err)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%q: %d columns, want %d", text, len(got), len(want))
		}
	}
}
