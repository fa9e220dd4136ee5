package storetest

import "sync"

// Statements notes what an engine sends to its database, from whichever goroutine.
type Statements struct {
	mu    sync.Mutex
	texts []string
}

// Add notes one statement.
func (s *Statements) Add(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = append(s.texts, text)
}

// Forget returns what was sent since the last call.
func (s *Statements) Forget() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	texts := s.texts
	s.texts = nil
	return texts
}
