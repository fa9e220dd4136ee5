package onetime_test

import (
	"encoding/base32"
	"strings"
	"testing"
	"time"

	"noren/onetime"
)

// TestCodes takes the examples of RFC 6238, appendix B, of which apps show the last six digits.
func TestCodes(t *testing.T) {
	t.Parallel()
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		now := time.Unix(at, 0)
		if got, err := onetime.Code(secret, now); err != nil || got != want {
			t.Errorf("at %d: %s, %v; want %s", at, got, err, want)
		}
		for off, right := range map[time.Duration]bool{0: true, 30 * time.Second: true, -30 * time.Second: true, time.Minute: false, -time.Minute: false} {
			if at+int64(off.Seconds()) < 0 {
				continue // before 1970
			}
			if step, ok := onetime.Step(secret, want, now.Add(off)); ok != right || ok && step != at/30 {
				t.Errorf("at %d and %v: step %d, %t", at, off, step, ok)
			}
		}
	}
	for _, wrong := range []string{"", "287083", "28708", "2870820", "２８７０８２", "abcdef"} {
		if _, ok := onetime.Step(secret, wrong, time.Unix(59, 0)); ok {
			t.Errorf("%q is accepted", wrong)
		}
	}
	if _, ok := onetime.Step("no secret", "000000", time.Unix(59, 0)); ok {
		t.Error("a code of no secret is accepted")
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"287 082": "287082", "　287082\n": "287082", "２８７０８２": "287082", "２８７　０８２": "287082", "ABCD-efgh": "abcdefgh", "ａｂｃｄー１２３４": "abcd1234", "": "",
	} {
		if got := onetime.Plain(typed); got != want {
			t.Errorf("%q is %q, want %q", typed, got, want)
		}
	}
}

func TestSetup(t *testing.T) {
	t.Parallel()
	secret := onetime.NewSecret()
	if len(secret) != 32 || secret == onetime.NewSecret() {
		t.Errorf("the secret is %q", secret)
	}
	address, err := onetime.Address("Noren", strings.Repeat("長", 130)+"/店員", secret)
	if err != nil || !strings.HasPrefix(address, "otpauth://totp/Noren:") || !strings.Contains(address, "secret="+secret) {
		t.Errorf("%s, %v", address, err)
	}
	square, err := onetime.Square(address)
	if err != nil {
		t.Fatal(err)
	}
	// The three corners that readers look for: a dark frame of seven, a light one, a dark heart.
	last := len(square) - 1
	for _, corner := range [][2]int{{0, 0}, {0, last - 6}, {last - 6, 0}} {
		y, x := corner[0], corner[1]
		if !square[y][x] || !square[y][x+6] || square[y+1][x+1] || !square[y+3][x+3] {
			t.Errorf("no corner at %d,%d of %d", x, y, len(square))
		}
	}
	if _, err := onetime.Address("Noren", "a", "!"); err == nil {
		t.Error("an address of no secret")
	}
}
