package figures

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Progress shows what is being done. It goes to standard error, so that standard output has nothing but the result.
type Progress struct{ To io.Writer }

// Counting begins a task of total steps. It returns add, to call after n of them, and done, to call at the end.
func (p Progress) Counting(task string, total int) (add func(n int), done func()) {
	bar := progressbar.NewOptions(total,
		progressbar.OptionSetWriter(p.To), progressbar.OptionSetDescription(task), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString("rows"), progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionClearOnFinish(),
	)
	// An error of writing to a terminal must not end a measurement.
	return func(n int) { _ = bar.Add(n) }, func() { _ = bar.Finish() }
}

// Doing begins a task of unknown length.
func (p Progress) Doing(task string) { _, _ = io.WriteString(p.To, task+"\n") }
