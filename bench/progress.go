package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress tells whoever waits what is being done, on standard error, so that standard output holds the result alone.
type progress struct{ to io.Writer }

// counting begins a task of total steps and answers what to call after n of them, and what to call at its end.
func (p progress) counting(task string, total int) (add func(n int), done func()) {
	bar := progressbar.NewOptions(total,
		progressbar.OptionSetWriter(p.to), progressbar.OptionSetDescription(task), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString("rows"), progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionClearOnFinish(),
	)
	// What goes wrong in writing to a terminal is nobody's business.
	return func(n int) { _ = bar.Add(n) }, func() { _ = bar.Finish() }
}

// doing begins a task whose length is not known.
func (p progress) doing(task string) { _, _ = io.WriteString(p.to, task+"\n") }
