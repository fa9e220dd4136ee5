package files

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"maps"
	"net/url"
	"strconv"
	"time"
)

// LinkLife is how long a temporary address (一時URL) is valid.
const LinkLife = 15 * time.Minute

// ErrLink is the error for a temporary address that Link did not make, or that has expired.
var ErrLink = errors.New("files: the address is invalid or has expired")

// The parameters of a temporary address, beside what makes it valid.
const (
	QueryName = "name" // under which whoever follows the address gets the file
	QueryView = "view" // there if a browser may show the file instead of saving it
)

// The parameters that make a temporary address valid.
const (
	queryExpires   = "expires"
	querySignature = "signature"
)

// Link returns the query of a temporary address for the file, signed with secret. shown is the name under which the file is
// to be saved; "" if it has none. view is whether a browser may show it. Addresses made within the same minute are equal, so
// that a browser fetches a file only once if a page shows it twice.
func Link(secret, name, shown string, view bool, now time.Time) url.Values {
	query := url.Values{queryExpires: {strconv.FormatInt(now.Truncate(time.Minute).Add(LinkLife).Unix(), 10)}}
	if shown != "" {
		query.Set(QueryName, shown)
	}
	if view {
		query.Set(QueryView, "1")
	}
	query.Set(querySignature, sign(secret, name, query))
	return query
}

// Check returns nil if Link made the query for this file and secret and it has not expired, otherwise ErrLink.
func Check(secret, name string, query url.Values, now time.Time) error {
	if !hmac.Equal([]byte(query.Get(querySignature)), []byte(sign(secret, name, query))) {
		return ErrLink
	}
	// The signature covers the time, so it is parsed only after the comparison.
	if seconds, err := strconv.ParseInt(query.Get(queryExpires), 10, 64); err != nil || now.Unix() >= seconds {
		return ErrLink
	}
	return nil
}

// sign is the signature of a name and everything else in the query: a parameter that is added to an address changes it, whether or
// not it means anything.
func sign(secret, name string, query url.Values) string {
	signed := maps.Clone(query)
	signed.Del(querySignature)
	mac := hmac.New(sha256.New, []byte(secret))
	// No valid name contains a line feed, and no encoded query.
	mac.Write([]byte(name + "\n" + signed.Encode()))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
