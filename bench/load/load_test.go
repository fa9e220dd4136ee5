package load

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"noren/bench/floor"
)

func TestBulkBody(t *testing.T) {
	t.Parallel()
	w := floor.Work{Members: []int64{7, 9}, Values: map[string][]string{"last_name": {"山田", "佐藤"}, "note": {"a", "b"}}}
	var got, want any
	if err := json.Unmarshal(BulkBody(&w, "http://example.com/1"), &got); err != nil {
		t.Fatal(err)
	}
	err := json.Unmarshal([]byte(`{"customers":[
		{"customerId":"7","lastName":"山田","note":"a"},{"customerId":"9","lastName":"佐藤","note":"b"}
	],"callbackUrl":"http://example.com/1"}`), &want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReceiver(t *testing.T) {
	t.Parallel()
	r, err := StartReceiver(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	first, come := r.Expect()
	second, _ := r.Expect()
	for range 2 { // a callback may arrive twice
		answer, err := http.Post(first, "application/json", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := Await(t.Context(), come); err != nil {
		t.Error(err)
	}
	if n := r.pending(); n != 1 {
		t.Errorf("%d are expected, want 1", n)
	}
	answer, err := http.Post(second, "application/json", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := r.Drained(t.Context()); err != nil {
		t.Error(err)
	}
}
