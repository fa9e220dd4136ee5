package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// bareConnections is how many connections to the database the bare server may have.
const bareConnections = 64

// placeOf is the place of an engine for databases that are there already; it makes none.
func placeOf(engine string) place {
	if engine == "postgres" {
		return postgresPlace{}
	}
	return sqlitePlace{}
}

// memberPath is a member's path in the ReCORE dialect.
const memberPath = "/members/"

// handler does the reads of the member in the path, and answers as the bare server does.
func (r *memberReads) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		id, err := strconv.ParseInt(strings.TrimPrefix(request.URL.Path, memberPath), 10, 64)
		if err == nil {
			err = r.read(request.Context(), id)
		}
		if err != nil {
			http.Error(w, fmt.Sprintf("reading by hand: %v", err), http.StatusInternalServerError)
			return
		}
		answerBare(w, request)
	})
}
