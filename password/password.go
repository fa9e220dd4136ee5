// Package password hashes the passwords of people with argon2id, slowly and with a salt, because people's passwords
// can be guessed. Random secrets of 256 bits do not come here: see noren.HashSecret.
package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Argon2id hashes with the parameters that OWASP's Password Storage Cheat Sheet gives first: 19 MiB, two passes, one
// lane. The zero value is ready to use; it implements noren.PasswordHasher.
type Argon2id struct{}

// The parameters of new hashes. Stored hashes carry their own.
const (
	memoryKiB = 19 * 1024
	passes    = 2
	lanes     = 1
	saltBytes = 16
	keyBytes  = 32
)

// What a stored hash may ask for. A hash from elsewhere must not be able to take all of a machine's memory.
const (
	mostMemoryKiB = 1 << 20
	mostPasses    = 64
	mostKeyBytes  = 128
)

// Hash answers the hash of the password with a fresh salt, in PHC string form:
// $argon2id$v=19$m=19456,t=2,p=1$salt$key.
func (Argon2id) Hash(password string) string {
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails
	key := argon2.IDKey([]byte(password), salt, passes, memoryKiB, lanes, keyBytes)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memoryKiB, passes, lanes,
		encoding.EncodeToString(salt), encoding.EncodeToString(key))
}

// Matches reports whether hash is a hash of the password. The comparison takes the same time wherever the two
// differ. A string that is not a hash matches nothing.
func (Argon2id) Matches(hash, password string) bool {
	p, err := parse(hash)
	if err != nil {
		return false
	}
	key := argon2.IDKey([]byte(password), p.salt, p.passes, p.memoryKiB, p.lanes, uint32(len(p.key)))
	return subtle.ConstantTimeCompare(key, p.key) == 1
}

// encoding is that of PHC strings: base64 without padding, and strict, so that each hash has one spelling.
var encoding = base64.RawStdEncoding.Strict()

// parsed is a hash taken apart.
type parsed struct {
	memoryKiB, passes uint32
	lanes             uint8
	salt, key         []byte
}

var errNotAHash = errors.New("password: not an argon2id hash in PHC form")

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
		return p, errNotAHash // Sscanf stops at the end of the pattern and takes signs
	}
	if p.memoryKiB > mostMemoryKiB || p.passes < 1 || p.passes > mostPasses || p.lanes < 1 {
		return p, errNotAHash
	}
	var err error
	if p.salt, err = encoding.DecodeString(parts[4]); err != nil {
		return p, errNotAHash
	}
	if p.key, err = encoding.DecodeString(parts[5]); err != nil || len(p.key) < 16 || len(p.key) > mostKeyBytes {
		return p, errNotAHash
	}
	return p, nil
}
