package member

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"noren/bench/load"
)

// memberPath is a member's path in the ReCORE dialect.
const memberPath = "/members/"

// Handler does the reads of the member in the path, and responds like the bare server.
func (r *Reads) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		id, err := strconv.ParseInt(strings.TrimPrefix(request.URL.Path, memberPath), 10, 64)
		if err == nil {
			err = r.read(request.Context(), id)
		}
		if err != nil {
			http.Error(w, fmt.Sprintf("reading by hand: %v", err), http.StatusInternalServerError)
			return
		}
		load.AnswerBare(w, request)
	})
}
