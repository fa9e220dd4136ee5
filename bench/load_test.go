package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBulkBody(t *testing.T) {
	t.Parallel()
	w := work{members: []int64{7, 9}, values: map[string][]string{"last_name": {"山田", "佐藤"}, "note": {"a", "b"}}}
	var got, want any
	if err := json.Unmarshal(bulkBody(&w, "http://example.com/1"), &got); err != nil {
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

// The floor and Noren have to be given the same works, and a work has to change something in each of its members.
func TestMakerRepeatsItself(t *testing.T) {
	t.Parallel()
	a, b := newMaker(1, 500), newMaker(1, 500)
	for _, c := range changes() {
		first, again := a.next(c), b.next(c)
		if diff := cmp.Diff(first, again, cmp.AllowUnexported(work{}, tokenBits{})); diff != "" {
			t.Errorf("%s: two makers differ:\n%s", c, diff)
		}
		if len(first.members) != 100 {
			t.Errorf("%s: %d members", c, len(first.members))
		}
	}
	for round := range 1516 {
		if nameOf(3, round) == nameOf(3, 1516) {
			t.Fatalf("the names of round %d come again in round 1516", round)
		}
	}
}

func TestReceiver(t *testing.T) {
	t.Parallel()
	r, err := startReceiver(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	first, come := r.expect()
	second, _ := r.expect()
	for range 2 { // a callback may come twice
		answer, err := http.Post(first, "application/json", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := await(t.Context(), come); err != nil {
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
	if err := r.drained(t.Context()); err != nil {
		t.Error(err)
	}
}
