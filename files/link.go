package files

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strconv"
	"time"
)

// LinkLife is how long a temporary address (一時URL) is valid.
const LinkLife = 15 * time.Minute

// ErrLink is the error for a temporary address that Link did not make, or that has expired.
var ErrLink = errors.New("files: the address is invalid or has expired")

// QueryName is the parameter with the name under which whoever follows the address gets the file.
const QueryName = "name"

// Link returns the query of a temporary address for the file, signed with secret. shown is the name under which the file is
// to be saved; "" if it has none. Addresses made within the same minute are equal, so that a browser fetches a file only once
// if a page shows it twice.
func Link(secret, name, shown string, now time.Time) url.Values {
	expires := strconv.FormatInt(now.Truncate(time.Minute).Add(LinkLife).Unix(), 10)
	query := url.Values{"expires": {expires}, "signature": {sign(secret, name, shown, expires)}}
	if shown != "" {
		query.Set(QueryName, shown)
	}
	return query
}

// Check returns nil if Link made the query for this file and secret and it has not expired, otherwise ErrLink.
func Check(secret, name string, query url.Values, now time.Time) error {
	expires := query.Get("expires")
	if !hmac.Equal([]byte(query.Get("signature")), []byte(sign(secret, name, query.Get(QueryName), expires))) {
		return ErrLink
	}
	// The signature covers the time, so it is parsed only after the comparison.
	if seconds, err := strconv.ParseInt(expires, 10, 64); err != nil || now.Unix() >= seconds {
		return ErrLink
	}
	return nil
}

// sign is the signature of a name, a time and the name to save the file under, which comes last because it may contain
// anything; no valid name and no time contains the line feed that separates them.
func sign(secret, name, shown, expires string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(name + "\n" + expires))
	if shown != "" {
		mac.Write([]byte("\n" + shown))
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
