package recore

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
)

// cursorSum is how many bytes of checksum a cursor has, so that one that was truncated, typed or taken from another
// company is refused and does not return the wrong page. A cursor grants nothing, so it needs no secret.
const cursorSum = 8

// newCursor returns a cursor with which a walk over a list in order of id continues after the id. It never expires:
// what is added later has higher ids, so a walk meets every entry exactly once.
func newCursor(contract string, id int64) string {
	text := binary.AppendUvarint(nil, uint64(id)) //nolint:gosec // ids are not negative
	return base64.RawURLEncoding.EncodeToString(append(text, checksum(contract, text)...))
}

// readCursor returns the id after which to continue; 0 for the empty cursor, which begins a walk.
func readCursor(contract, cursor string) (int64, bool) {
	if cursor == "" {
		return 0, true
	}
	// Strict, because without it several texts stand for the same bytes, and a typed one could be one of them.
	data, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(data) <= cursorSum {
		return 0, false
	}
	text, sum := data[:len(data)-cursorSum], data[len(data)-cursorSum:]
	id, n := binary.Uvarint(text)
	// A number must fill its bytes and be an id that newCursor could have been given: the checksum is no secret, so
	// anybody can make one for any bytes.
	if n != len(text) || id == 0 || id > maxID || subtle.ConstantTimeCompare(sum, checksum(contract, text)) != 1 {
		return 0, false
	}
	return int64(id), true
}

func checksum(contract string, text []byte) []byte {
	// The text in front keeps cursors of another form, should there ever be one, from being taken for these.
	sum := sha256.Sum256(append([]byte("noren recore cursor 1\x00"+contract+"\x00"), text...))
	return sum[:cursorSum]
}
