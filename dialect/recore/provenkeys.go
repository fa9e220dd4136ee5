package recore

import (
	"crypto/sha256"
	"sync"
)

// maxProven bounds how many keys are remembered; each takes half a kilobyte.
const maxProven = 1 << 14

// provenKeys remembers what keys say that were signed with a secret, by the hash of the key and not by the key itself. To
// read a key and check its signature takes a tenth of a request for one member.
type provenKeys struct {
	mu   sync.RWMutex
	says map[[sha256.Size]byte]provenKey
}

// provenKey is what a key says, and by whose secret it is signed.
type provenKey struct {
	claims claims
	secret string
}

// get returns what is remembered of the key.
func (p *provenKeys) get(key string) (provenKey, bool) {
	// Outside the lock, which every request takes: hashing is most of the work here.
	hash := sha256.Sum256([]byte(key))
	p.mu.RLock()
	defer p.mu.RUnlock()
	k, ok := p.says[hash]
	return k, ok
}

// put remembers the key. When there are too many it drops all of them: those in use are soon remembered again.
func (p *provenKeys) put(key string, k provenKey) {
	hash := sha256.Sum256([]byte(key))
	p.mu.Lock()
	defer p.mu.Unlock()
	// Only keys with a right signature come here, so strangers cannot make the others be forgotten.
	if p.says == nil || len(p.says) >= maxProven {
		p.says = make(map[[sha256.Size]byte]provenKey)
	}
	p.says[hash] = k
}
