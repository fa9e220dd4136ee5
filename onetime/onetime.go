// Package onetime makes and checks the codes of six digits that an app shows for half a minute (TOTP, RFC 6238), and draws the
// square that sets the app up.
package onetime

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
	"golang.org/x/text/unicode/norm"
)

// What every app assumes, whatever the address tells it: SHA-1, six digits, half a minute.
const (
	stepSeconds = 30
	secretBytes = 20
	// skew is how many steps the clock of a phone may be off, and how late a code may be sent.
	skew = 1
)

// NewSecret returns a random secret in base32, as people type it into an app.
func NewSecret() string {
	secret := make([]byte, secretBytes)
	rand.Read(secret) // never fails
	return encoding().EncodeToString(secret)
}

func encoding() *base32.Encoding { return base32.StdEncoding.WithPadding(base32.NoPadding) }

// Address returns the otpauth:// address of a secret, which an app reads from the square. issuer and account are what the app
// lists it under.
func Address(issuer, account, secret string) (string, error) {
	raw, err := encoding().DecodeString(secret)
	if err != nil {
		return "", err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: account, Secret: raw})
	if err != nil {
		return "", err
	}
	return key.URL(), nil
}

// Square returns the QR code of the text, by rows; true is dark. It has no margin.
func Square(text string) ([][]bool, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, err
	}
	size := code.Bounds().Dx()
	rows := make([][]bool, size)
	for y := range rows {
		rows[y] = make([]bool, size)
		for x := range rows[y] {
			lightness, _, _, _ := code.At(x, y).RGBA()
			rows[y][x] = lightness == 0
		}
	}
	return rows, nil
}

// Step returns the half minute since 1970 whose code this is, of those around at. ok is false if it is the code of none, or
// the secret is not one. A code must not be accepted twice: the caller keeps the step, and refuses it and those before.
func Step(secret, code string, at time.Time) (step int64, ok bool) {
	now := at.Unix() / stepSeconds
	for step := now - skew; step <= now+skew; step++ {
		right, err := hotp.ValidateCustom(code, uint64(step), secret, options()) //nolint:gosec // a step after 1970
		if err == nil && right {
			return step, true
		}
	}
	return 0, false
}

// Code returns the code that an app shows at that time.
func Code(secret string, at time.Time) (string, error) {
	return hotp.GenerateCodeCustom(secret, uint64(at.Unix()/stepSeconds), options()) //nolint:gosec // a step after 1970
}

func options() hotp.ValidateOpts {
	return hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
}

// Plain returns what was typed for a code without what does not matter: full-width digits and letters are plain ones, and
// blanks, hyphens and capitals count for nothing.
func Plain(typed string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '‐' || r == 'ー' || r == '−' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(strings.TrimSpace(norm.NFKC.String(typed))))
}
