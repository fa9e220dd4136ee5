package console

import (
	"strconv"
	"strings"
	"time"

	"noren"
)

// hourColumn is one line of a chart. of answers the figure and how it is shown; "" where there is none.
type hourColumn struct {
	name string
	of   func(noren.BulkHour) (value, shown string)
}

// counted is a column of numbers.
func (p *page) counted(key string, of func(noren.BulkHour) int) hourColumn {
	return hourColumn{p.T(key), func(h noren.BulkHour) (string, string) {
		return number(of(h)), p.number(int64(of(h)))
	}}
}

// timed is a column of times, in seconds. An hour in which nothing arrived has none.
func (p *page) timed(key string, of func(noren.BulkHour) time.Duration) hourColumn {
	return hourColumn{p.T(key), func(h noren.BulkHour) (string, string) {
		d := of(h)
		if d == 0 {
			return "", ""
		}
		return strconv.FormatFloat(d.Seconds(), 'f', 3, 64), p.took(d)
	}}
}

func (p *page) queueColumns() []hourColumn {
	return []hourColumn{p.counted("bulk.waiting", func(h noren.BulkHour) int { return h.Waiting })}
}

func (p *page) requestColumns() []hourColumn {
	return []hourColumn{
		p.counted("bulk.state.accepted", func(h noren.BulkHour) int { return h.Accepted }),
		p.counted("bulk.state.failed", func(h noren.BulkHour) int { return h.Failed }),
		p.counted("bulk.state.succeeded", func(h noren.BulkHour) int { return h.Succeeded }),
	}
}

func (p *page) deliveryColumns() []hourColumn {
	return []hourColumn{
		p.counted("bulk.delivered_n", func(h noren.BulkHour) int { return h.Delivered }),
		p.counted("bulk.failed_n", func(h noren.BulkHour) int { return h.DeliveryFlow.Failed }),
	}
}

func (p *page) timeColumns() []hourColumn {
	return []hourColumn{
		p.timed("bulk.median", func(h noren.BulkHour) time.Duration { return h.Median }),
		p.timed("bulk.slow", func(h noren.BulkHour) time.Duration { return h.Slow }),
	}
}

// waiting says how many wait, and the oldest for how long.
func (p *page) waiting(now time.Time, n int, since time.Time) string {
	if n == 0 {
		return p.number(0)
	}
	return p.T("bulk.waiting_since", p.number(int64(n)), p.took(now.Sub(since)))
}

// requestFailure says why nothing of a request was applied.
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

// text8 shows bytes that somebody else sent as text.
func text8(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
