package console

import (
	"strconv"
	"strings"
	"time"

	"noren/app/bulk"
)

// hourColumn is one line of a chart and one column of its table. of returns the number to plot and the text to show; both
// are "" if there is none.
type hourColumn struct {
	name string
	of   func(bulk.Hour) (value, shown string)
}

// counted is a column of counts.
func (p *page) counted(key string, of func(bulk.Hour) int) hourColumn {
	return hourColumn{p.T(key), func(h bulk.Hour) (string, string) {
		return number(of(h)), p.number(int64(of(h)))
	}}
}

// timed is a column of durations, in seconds. An hour without deliveries has none: a zero would look like a fast hour.
func (p *page) timed(key string, of func(bulk.Hour) time.Duration) hourColumn {
	return hourColumn{p.T(key), func(h bulk.Hour) (string, string) {
		d := of(h)
		if d == 0 {
			return "", ""
		}
		return strconv.FormatFloat(d.Seconds(), 'f', 3, 64), p.took(d)
	}}
}

// queueColumns are the columns of the chart of the queue.
func (p *page) queueColumns() []hourColumn {
	return []hourColumn{p.counted("bulk.waiting", func(h bulk.Hour) int { return h.Waiting })}
}

// requestColumns are the columns of the chart of bulk updates. The order of the chart's colours depends on it: failures are
// the red line.
func (p *page) requestColumns() []hourColumn {
	return []hourColumn{
		p.counted("bulk.state.accepted", func(h bulk.Hour) int { return h.Accepted }),
		p.counted("bulk.state.failed", func(h bulk.Hour) int { return h.Failed }),
		p.counted("bulk.state.succeeded", func(h bulk.Hour) int { return h.Succeeded }),
	}
}

// deliveryColumns are the columns of the chart of callbacks.
func (p *page) deliveryColumns() []hourColumn {
	return []hourColumn{
		p.counted("bulk.delivered_n", func(h bulk.Hour) int { return h.Delivered }),
		p.counted("bulk.failed_n", func(h bulk.Hour) int { return h.DeliveryFlow.Failed }),
	}
}

// timeColumns are the columns of the chart of delivery times. They have no average, which a single dead
// receiver would dominate.
func (p *page) timeColumns() []hourColumn {
	return []hourColumn{
		p.timed("bulk.median", func(h bulk.Hour) time.Duration { return h.Median }),
		p.timed("bulk.slow", func(h bulk.Hour) time.Duration { return h.Slow }),
	}
}

// waiting formats how many are waiting, and for how long the oldest has.
func (p *page) waiting(now time.Time, n int, since time.Time) string {
	if n == 0 {
		return p.number(0)
	}
	return p.T("bulk.waiting_since", p.number(int64(n)), p.took(now.Sub(since)))
}

// requestFailure says why nothing of a bulk update was applied: rows with errors, or an internal error.
func (p *page) requestFailure(v requestView) string {
	wrong := 0
	for _, row := range v.rows {
		if len(row.wrong) > 0 {
			wrong++
		}
	}
	if wrong == 0 {
		return p.T("failure.internal")
	}
	return p.T("bulk.failed_rows", number(wrong))
}

// text8 is bytes from another system as text. They may be in any encoding.
func text8(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
