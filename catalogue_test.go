package noren

import "testing"

// A code counts before a name, and both are compared without case and blanks around them.
func TestRankByRef(t *testing.T) {
	t.Parallel()
	ranks := []Rank{{ID: 1, Position: 1, Name: "Bronze"}, {ID: 2, Position: 2, Code: "S", Name: "Silver "}, {ID: 3, Position: 3, Code: "2", Name: "Gold"}}
	staff := []StaffRank{{ID: 4, Name: "社員"}, {ID: 5, Code: "S", Name: "役員"}}
	for _, test := range []struct {
		ref         Ref
		rank, staff int64
	}{
		{Ref{ID: 2}, 2, 0},
		{Ref{ID: 5}, 0, 5},
		{Ref{Position: 2}, 2, 0},
		{Ref{Name: " silver"}, 2, 0},
		{Ref{Name: "S"}, 0, 0},
		{Ref{Name: "社員"}, 0, 4},
		{Ref{Code: " s"}, 2, 5},
		{Ref{Code: "2"}, 3, 0},
		{Ref{Code: "bronze"}, 1, 0},
		{Ref{Code: "役員"}, 0, 5},
		{Ref{Code: "1"}, 0, 0},
		{Ref{}, 0, 0},
	} {
		rank, _ := RankByRef(ranks, test.ref)
		if test.ref.Position != 0 {
			test.staff = 0
		} else if id, _ := StaffRankByRef(staff, test.ref); id != test.staff {
			t.Errorf("%+v: staff rank %d", test.ref, id)
		}
		if rank != test.rank {
			t.Errorf("%+v: rank %d", test.ref, rank)
		}
	}
}
