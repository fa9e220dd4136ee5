// Package password hashes people's passwords with argon2id, slowly and with a salt, because people choose passwords that
// can be guessed. Random secrets of 256 bits need neither: see noren.HashSecret.
package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Argon2id implements access.PasswordHasher with the parameters that OWASP's Password Storage Cheat Sheet recommends
// first: 19 MiB, two passes, one lane. The zero value is ready to use.
type Argon2id struct{}

// The parameters of new hashes. Stored hashes contain their own, so changing these does not lock anybody out.
const (
	memoryKiB = 19 * 1024
	passes    = 2
	lanes     = 1
	saltBytes = 16
	keyBytes  = 32
)

// The largest parameters of a stored hash. A hash from elsewhere, such as a restored backup, must not be able to use all
// memory of the machine.
const (
	mostMemoryKiB = 1 << 20
	mostPasses    = 64
	mostKeyBytes  = 128
)

// Passwords are hashed in one normal form (NFKC): a keyboard or system may write が as one character or as two, and full-width
// letters for half-width ones, and a person who types the same must be let in on all of them.

// Hash returns the hash of the password with a fresh salt, in PHC string form:
// $argon2id$v=19$m=19456,t=2,p=1$salt$key.
func (Argon2id) Hash(password string) string {
	password = norm.NFKC.String(password)
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails
	key := argon2.IDKey([]byte(password), salt, passes, memoryKiB, lanes, keyBytes)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memoryKiB, passes, lanes,
		encoding().EncodeToString(salt), encoding().EncodeToString(key))
}

// Matches reports whether hash is a hash of the password. The comparison takes constant time. A string that is not a hash
// matches no password.
func (Argon2id) Matches(hash, password string) bool {
	p, err := parse(hash)
	if err != nil {
		return false
	}
	matches := func(password string) bool {
		key := argon2.IDKey([]byte(password), p.salt, p.passes, p.memoryKiB, p.lanes, uint32(len(p.key))) //nolint:gosec // at most mostKeyBytes
		return subtle.ConstantTimeCompare(key, p.key) == 1
	}
	// Hashes of earlier versions are of passwords as they were typed.
	normal := norm.NFKC.String(password)
	return matches(normal) || normal != password && matches(password)
}

// encoding is the encoding of PHC strings: base64 without padding, and strict, so that each hash has a single spelling.
func encoding() *base64.Encoding { return base64.RawStdEncoding.Strict() }

// parsed are the parts of a hash.
type parsed struct {
	memoryKiB, passes uint32
	lanes             uint8
	salt, key         []byte
}

var errNotAHash = errors.New("password: not an argon2id hash in PHC form")

// parse parses a hash in PHC string form, and refuses parameters beyond the limits above.
func parse(hash string) (parsed, error) {
	var p parsed
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" ||
		parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, errNotAHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memoryKiB, &p.passes, &p.lanes); err != nil {
		return p, errNotAHash
	}
	if parts[3] != fmt.Sprintf("m=%d,t=%d,p=%d", p.memoryKiB, p.passes, p.lanes) {
		return p, errNotAHash // Sscanf ignores what follows the pattern and accepts signs
	}
	if p.memoryKiB > mostMemoryKiB || p.passes < 1 || p.passes > mostPasses || p.lanes < 1 {
		return p, errNotAHash
	}
	var err error
	if p.salt, err = encoding().DecodeString(parts[4]); err != nil {
		return p, errNotAHash
	}
	if p.key, err = encoding().DecodeString(parts[5]); err != nil || len(p.key) < 16 || len(p.key) > mostKeyBytes {
		return p, errNotAHash
	}
	return p, nil
}
