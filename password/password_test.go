package password

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"noren/app/access"
)

var _ access.PasswordHasher = Argon2id{}

func TestHash(t *testing.T) {
	t.Parallel()
	var h Argon2id
	hash := h.Hash("ひらけごま")
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash says other parameters: %s", hash)
	}
	if again := h.Hash("ひらけごま"); again == hash {
		t.Error("two hashes of one password are the same: there is no salt")
	}
	for password, want := range map[string]bool{"ひらけごま": true, "ひらけごめ": false, "": false} {
		if got := h.Matches(hash, password); got != want {
			t.Errorf("Matches(%q) = %v, want %v", password, got, want)
		}
	}
}

// TestKey pins the key derivation to a vector of the reference implementation (argon2 CLI:
// echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1 -l 32).
func TestKey(t *testing.T) {
	t.Parallel()
	const want = "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"
	key := argon2.IDKey([]byte("password"), []byte("somesalt"), 2, 65536, 1, 32)
	if got := hex.EncodeToString(key); got != want {
		t.Fatalf("the key is %s, want %s", got, want)
	}
	hash := fmt.Sprintf("$argon2id$v=19$m=65536,t=2,p=1$%s$%s",
		encoding().EncodeToString([]byte("somesalt")), encoding().EncodeToString(key))
	if !(Argon2id{}).Matches(hash, "password") {
		t.Errorf("a hash of the reference implementation does not match: %s", hash)
	}
}

func TestMatchesRefusesOtherStrings(t *testing.T) {
	t.Parallel()
	var h Argon2id
	good := h.Hash("x")
	parts := strings.Split(good, "$")
	with := func(i int, s string) string {
		changed := append([]string(nil), parts...)
		changed[i] = s
		return strings.Join(changed, "$")
	}
	for name, hash := range map[string]string{
		"empty":              "",
		"plain text":         "x",
		"another algorithm":  with(1, "argon2i"),
		"an older version":   with(2, "v=16"),
		"no memory":          with(3, "t=2,p=1"),
		"all of the memory":  with(3, "m=4294967295,t=2,p=1"),
		"no passes":          with(3, "m=19456,t=0,p=1"),
		"endless passes":     with(3, "m=19456,t=4294967295,p=1"),
		"no lanes":           with(3, "m=19456,t=2,p=0"),
		"more parameters":    with(3, "m=19456,t=2,p=1,data=x"),
		"signed parameters":  with(3, "m=+19456,t=2,p=1"),
		"salt is not base64": with(4, "!"),
		"padded key":         good + "=",
		"no key":             with(5, ""),
		"short key":          with(5, "AAAA"),
		"something after":    good + "$",
		"something before":   "x" + good,
	} {
		if h.Matches(hash, "x") {
			t.Errorf("%s: %q matches", name, hash)
		}
	}
	if !h.Matches(good, "x") {
		t.Error("the hash that the others were made from does not match")
	}
}

// TestNormalForm types the same password on systems that write it differently, and has a hash of a version that did not care.
func TestNormalForm(t *testing.T) {
	t.Parallel()
	composed, decomposed := "がんばるＡＢＣ123", "か\u3099んは\u3099るABC１２３"
	hash := Argon2id{}.Hash(composed)
	if !(Argon2id{}).Matches(hash, decomposed) || !(Argon2id{}).Matches(hash, composed) {
		t.Error("the same password in another form does not match")
	}
	if (Argon2id{}).Matches(hash, "かんはるABC123") {
		t.Error("another password matches")
	}
	// Argon2id of "ＡＢＣ" in full width, made without a normal form: m=8,t=1,p=1.
	salt := []byte("0123456789abcdef")
	old := "$argon2id$v=19$m=8,t=1,p=1$" + base64.RawStdEncoding.EncodeToString(salt) + "$" +
		base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte("ＡＢＣ"), salt, 1, 8, 1, 32))
	if !(Argon2id{}).Matches(old, "ＡＢＣ") {
		t.Error("a hash of an earlier version does not match")
	}
}
