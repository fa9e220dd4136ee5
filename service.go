package noren

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Config is what a Service needs.
type Config struct {
	Engine Engine
	Clock  func() time.Time // nil: time.Now
	// Encoders write callbacks in each dialect's words.
	Encoders map[Dialect]CallbackEncoder
	// Passwords hashes and checks the passwords of console users.
	Passwords PasswordHasher
	Log       *slog.Logger // nil: slog.Default()
	RankSlice int          // members that one transaction of a check of ranks may change; 0: 50
}

// PasswordHasher hashes passwords slowly, for people's passwords are guessable.
type PasswordHasher interface {
	Hash(password string) string
	Matches(hash, password string) bool
}

// Service is the use cases: one method each. All rules are applied here, once, whichever dialect calls.
// It is safe for concurrent use.
type Service struct {
	engine    Engine
	now       func() time.Time
	encoders  map[Dialect]CallbackEncoder
	passwords PasswordHasher
	log       *slog.Logger
	rankSlice int

	hashing chan struct{} // holds one for each password that is being hashed
	decoy   func() string // a hash that no password matches

	accepts  acceptGroups
	inFlight inFlight
	uses     clientUses

	bulkReady     signal
	callbackReady signal
	importReady   signal
}

// NewService makes a Service on an engine.
func NewService(c Config) *Service {
	s := &Service{
		engine: c.Engine, now: c.Clock, encoders: c.Encoders, passwords: c.Passwords, log: c.Log,
		rankSlice: c.RankSlice, bulkReady: make(signal, 1), callbackReady: make(signal, 1), importReady: make(signal, 1),
		hashing: make(chan struct{}, mostHashing),
	}
	if s.rankSlice <= 0 {
		s.rankSlice = defaultRankSlice
	}
	s.decoy = sync.OnceValue(func() string { return s.passwords.Hash(NewSecret("")) })
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	return s
}

// Now is the service's clock.
func (s *Service) Now() time.Time { return s.now() }

// BulkReady receives a hint soon after this process accepted bulk requests. Other processes' are found by polling.
func (s *Service) BulkReady() <-chan struct{} { return s.bulkReady }

// CallbackReady receives a hint soon after this process made callbacks due.
func (s *Service) CallbackReady() <-chan struct{} { return s.callbackReady }

// ImportReady receives a hint soon after this process started an import.
func (s *Service) ImportReady() <-chan struct{} { return s.importReady }

// Ping answers nil if the database can be read.
func (s *Service) Ping(ctx context.Context) error { return s.engine.Ping(ctx) }

// Verify checks every invariant of the stored data.
func (s *Service) Verify(ctx context.Context) ([]Check, error) { return s.engine.Verify(ctx) }

// QueueStats counts what is waiting, over all tenants.
func (s *Service) QueueStats(ctx context.Context) (QueueStats, error) {
	return s.engine.QueueStats(ctx)
}

// DeleteExpired removes expired tokens, sessions and kept answers, and old failures to sign in, a bounded number a call.
func (s *Service) DeleteExpired(ctx context.Context) (int, error) {
	return s.engine.DeleteExpired(ctx, s.now())
}

// signal is a hint that can be given any number of times before it is taken.
type signal chan struct{}

func (s signal) give() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// KeyHeld is how long the answer to an Idempotency-Key is replayed.
const KeyHeld = 24 * time.Hour

// Once is one use of an Idempotency-Key: where it counts, what the request said, and how the dialect would answer
// success, so that the answer is kept in the same transaction as the effect.
type Once struct {
	Key      IdempotencyKey
	BodyHash []byte
	Render   func(result any) KeptAnswer
}

// errKeptMeanwhile says that another node kept an answer under the key first: its answer is to be replayed.
var errKeptMeanwhile = errors.New("noren: another request with the same key was answered meanwhile")

// Replay begins a request that carries an Idempotency-Key. It answers the kept answer, if there is one; otherwise
// the request is in flight until release is called. Conflict where the same key came with another body, or is in
// flight in this process (between processes the transaction that keeps the answer decides). The body's hash is asked
// for only where an answer is kept, since a file's has to be read for it.
func (s *Service) Replay(
	ctx context.Context, c Caller, key IdempotencyKey, bodyHash func() ([]byte, error),
) (kept *KeptAnswer, release func(), err error) {
	release, ok := s.inFlight.begin(c.Tenant.ID, key)
	if !ok {
		return nil, nil, &Error{
			Kind: Conflict, Reason: ReasonIdempotency, RetryAfter: time.Second,
			Message: "a request with this Idempotency-Key is still running; send it again when it has been answered",
		}
	}
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) (err error) {
		kept, err = tx.KeptAnswer(ctx, key, s.now())
		return err
	})
	if err == nil && kept == nil {
		return nil, release, nil
	}
	release() // nothing will be done
	if err != nil {
		return nil, nil, err
	}
	hash, err := bodyHash()
	if err != nil {
		return nil, nil, err
	}
	return kept, func() {}, kept.matches(hash)
}

// KeepRefusal keeps an answer that refused a request, which had no effect to be kept with.
func (s *Service) KeepRefusal(ctx context.Context, c Caller, key IdempotencyKey, a KeptAnswer) error {
	a.ExpiresAt = s.now().Add(KeyHeld)
	return s.engine.Update(ctx, c.Tenant.ID, func(tx Tx) error {
		_, err := tx.KeepAnswer(ctx, key, a)
		return err
	})
}

func (a *KeptAnswer) matches(bodyHash []byte) error {
	if string(a.BodyHash) == string(bodyHash) {
		return nil
	}
	return &Error{
		Kind: Conflict, Reason: ReasonIdempotency,
		Message: "this Idempotency-Key was used with another body; use a new key for a new request",
	}
}

// inFlight knows the idempotency keys whose first request is still running in this process.
type inFlight struct {
	mu   sync.Mutex
	keys map[string]bool
}

func (f *inFlight) begin(tenant TenantID, key IdempotencyKey) (release func(), ok bool) {
	k := fmt.Sprintf("%d %d %s %s", tenant, key.ClientID, key.Route, key.Key)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys[k] {
		return nil, false
	}
	if f.keys == nil {
		f.keys = make(map[string]bool)
	}
	f.keys[k] = true
	return sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.keys, k)
	}), true
}
