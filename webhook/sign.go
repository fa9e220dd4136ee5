package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of Standard Webhooks, in the canonical form of net/http. Case does not matter on the wire.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp" // Unix seconds
	HeaderSignature = "Webhook-Signature" // one or more of v1,<base64>, separated by spaces
)

// Tolerance is how far a timestamp may be from the receiver's clock, in either direction. It limits how long an
// intercepted call can be replayed.
const Tolerance = 5 * time.Minute

// The reasons why Verify refuses a call.
var (
	ErrHeaders   = errors.New("webhook: the headers webhook-id, webhook-timestamp and webhook-signature are missing or malformed")
	ErrTimestamp = errors.New("webhook: the timestamp is too old or in the future")
	ErrSignature = errors.New("webhook: no signature matches")
)

const (
	secretPrefix  = "whsec_"
	schemeVersion = "v1," // HMAC-SHA256 with a shared secret
)

// Sign returns the value of webhook-signature for a call: HMAC-SHA256 over ID, Unix seconds and body, joined by full
// stops. It returns an error if the secret does not have the form whsec_<base64>.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	mac, err := sum(secret, id, strconv.FormatInt(at.Unix(), 10), body)
	if err != nil {
		return "", err
	}
	return schemeVersion + base64.StdEncoding.EncodeToString(mac), nil
}

// Verify is for receivers: it returns nil if the body was signed with secret, less than Tolerance from now. The errors are
// ErrHeaders, ErrTimestamp and ErrSignature, or one about the secret.
func Verify(secret string, header http.Header, body []byte, now time.Time) error {
	id, timestamp, signatures := header.Get(HeaderID), header.Get(HeaderTimestamp), header.Get(HeaderSignature)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || signatures == "" || err != nil {
		return ErrHeaders
	}
	if now.Sub(time.Unix(seconds, 0)).Abs() > Tolerance {
		return ErrTimestamp
	}
	want, err := sum(secret, id, timestamp, body)
	if err != nil {
		return err
	}
	for signature := range strings.FieldsSeq(signatures) {
		encoded, ok := strings.CutPrefix(signature, schemeVersion)
		if !ok {
			continue // another version of the scheme
		}
		if got, err := base64.StdEncoding.DecodeString(encoded); err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return ErrSignature
}

// sum is the HMAC-SHA256 over ID, timestamp and body, joined by full stops.
func sum(secret, id, timestamp string, body []byte) ([]byte, error) {
	key, err := decodeSecret(secret)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil), nil
}

// decodeSecret also refuses an empty key, with which anybody could sign.
func decodeSecret(secret string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) == 0 {
		return nil, fmt.Errorf("webhook: a signing secret must be %s followed by base64", secretPrefix)
	}
	return key, nil
}
