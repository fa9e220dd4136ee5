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

// LinkLife is how long a temporary address works (一時URL).
const LinkLife = 15 * time.Minute

// ErrLink says that a temporary address was not made by us, or has expired.
var ErrLink = errors.New("files: the address is not valid, or no longer")

// Link answers the query of a temporary address for the file, signed with secret. Addresses made within the same
// minute are the same, so that what a page shows twice is fetched once.
func Link(secret, name string, now time.Time) url.Values {
	expires := strconv.FormatInt(now.Truncate(time.Minute).Add(LinkLife).Unix(), 10)
	return url.Values{"expires": {expires}, "signature": {sign(secret, name, expires)}}
}

// Check answers nil if the query was made by Link for the file and has not expired, else ErrLink.
func Check(secret, name string, query url.Values, now time.Time) error {
	expires := query.Get("expires")
	if !hmac.Equal([]byte(query.Get("signature")), []byte(sign(secret, name, expires))) {
		return ErrLink
	}
	if seconds, err := strconv.ParseInt(expires, 10, 64); err != nil || now.Unix() >= seconds {
		return ErrLink
	}
	return nil
}

func sign(secret, name, expires string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(name + "\n" + expires))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
