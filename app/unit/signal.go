package unit

// Signal is a hint that may be given any number of times before it is taken.
type Signal chan struct{}

// NewSignal makes a Signal that has not been given.
func NewSignal() Signal { return make(Signal, 1) }

// Give gives the hint, unless it waits to be taken already.
func (s Signal) Give() {
	select {
	case s <- struct{}{}:
	default:
	}
}
