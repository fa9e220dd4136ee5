package main

import (
	"strconv"
	"strings"
	"time"

	"noren"
	"noren/app"
)

// keepFlags say for how long what is done stays stored.
type keepFlags struct {
	KeepBulk     string `default:"90d" placeholder:"TIME" variable:"NOREN_KEEP_BULK" help:"How long bulk requests, callbacks and attempts stay stored, such as 90d or 36h; forever keeps them for good."`
	KeepWebhooks string `default:"90d" placeholder:"TIME" variable:"NOREN_KEEP_WEBHOOKS" help:"How long received webhooks stay stored."`
	KeepImports  string `default:"90d" placeholder:"TIME" variable:"NOREN_KEEP_IMPORTS" help:"How long imports and their refused lines stay stored."`
	KeepAnswers  string `default:"24h" placeholder:"TIME" variable:"NOREN_KEEP_ANSWERS" help:"How long a request with an Idempotency-Key gets the same response again."`
}

// forever is the setting of what is never removed.
const forever = "forever"

// durations are the settings as the app takes them.
func (f keepFlags) durations() (keep app.Keep, err error) {
	for _, s := range []struct {
		flag, variable, text string
		to                   *time.Duration
	}{
		{"keep-bulk", "NOREN_KEEP_BULK", f.KeepBulk, &keep.Bulk},
		{"keep-webhooks", "NOREN_KEEP_WEBHOOKS", f.KeepWebhooks, &keep.Webhooks},
		{"keep-imports", "NOREN_KEEP_IMPORTS", f.KeepImports, &keep.Imports},
		{"keep-answers", "NOREN_KEEP_ANSWERS", f.KeepAnswers, &keep.Answers},
	} {
		if s.text == forever && s.to != &keep.Answers {
			*s.to = -1
			continue
		}
		d, ok := parseDays(s.text)
		if !ok || d < time.Hour {
			return keep, wrong(s.flag, s.variable, "%q is not a time of an hour to %dd; write it as 90d or 36h", s.text, noren.MaxPeriod)
		}
		*s.to = d
	}
	return keep, nil
}

// parseDays parses a whole number of days or hours: 90d, 36h.
func parseDays(text string) (time.Duration, bool) {
	unit, number := time.Hour, strings.TrimSuffix(text, "h")
	if days, cut := strings.CutSuffix(text, "d"); cut {
		unit, number = 24*time.Hour, days
	}
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil || number == text || n > int64(noren.MaxPeriod) && unit > time.Hour {
		return 0, false
	}
	return time.Duration(n) * unit, true
}
