package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"noren"
)

// scrapeWithin is how long a scrape waits for the database to count what is waiting.
const scrapeWithin = 2 * time.Second

// Metrics are all the metrics for Prometheus: of requests, counted in this package; of the worker, reported through
// Applied, ApplyError and Attempted; and of what is waiting, counted at each scrape.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec // its count is the number of requests
	applied  *prometheus.HistogramVec
	errors   prometheus.Counter
	// unavailable counts what could not be applied for now.
	unavailable prometheus.Counter
	attempts    *prometheus.CounterVec
	sending     prometheus.Histogram
}

// Queues counts what waits, over all tenants.
type Queues interface {
	QueueStats(ctx context.Context) (noren.QueueStats, error)
}

// NewMetrics registers the metrics. waiting is asked at each scrape; it may be nil. now is the clock by which waiting
// requests grow old.
func NewMetrics(registry *prometheus.Registry, waiting Queues, now func() time.Time) *Metrics {
	m := &Metrics{
		registry: registry,
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "noren_http_request_seconds", Help: "Requests, by dialect, route, method and status.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15),
		}, []string{"dialect", "route", "method", "status"}),
		applied: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "noren_bulk_apply_seconds", Help: "From the acceptance of a bulk request to its effect, by kind and outcome.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 18),
		}, []string{"kind", "state"}),
		errors: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "noren_bulk_apply_errors_total", Help: "Unexpected errors while applying bulk requests.",
		}),
		unavailable: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "noren_bulk_apply_unavailable_total",
			Help: "Times that bulk requests could not be applied because the database was not available.",
		}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "noren_callback_attempts_total", Help: "Deliveries tried, by the callback's state after them.",
		}, []string{"state"}),
		sending: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "noren_callback_attempt_seconds", Help: "How long deliveries took.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 15),
		}),
	}
	registry.MustRegister(m.requests, m.applied, m.errors, m.unavailable, m.attempts, m.sending)
	if waiting != nil {
		registry.MustRegister(newQueues(waiting, now))
	}
	return m
}

// CountDeadlocks adds the number of transactions that the database has ended because they waited for each other.
func (m *Metrics) CountDeadlocks(count func() int64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "noren_database_deadlocks_total", Help: "Transactions that were run again because of a deadlock.",
	}, func() float64 { return float64(count()) }))
}

// bodies shows how much memory the bodies of requests take.
func (m *Metrics) bodies(b *Bodies) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "noren_body_memory_bytes", Help: "Memory that the bodies of running requests take.",
	}, func() float64 { return float64(b.Held()) }))
}

// request counts one response. route is the pattern, never the path, so that the number of series stays small.
func (m *Metrics) request(dialect, route, method string, status int, took time.Duration) {
	if !knownMethod(method) {
		method = "other" // a client must not be able to create label values
	}
	m.requests.WithLabelValues(dialect, route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

// knownMethod reports whether HTTP clients commonly use the method.
func knownMethod(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return true
	}
	return false
}

// Applied counts a bulk request that succeeded or failed.
func (m *Metrics) Applied(r noren.BulkRequest, took time.Duration) {
	m.applied.WithLabelValues(string(r.Kind), string(r.State)).Observe(took.Seconds())
}

// ApplyError counts an error while applying. That the database could not take it now is counted by itself: it passes, and
// is no fault of the program.
func (m *Metrics) ApplyError(_ noren.TenantID, err error) {
	if noren.KindOf(err) == noren.Unavailable {
		m.unavailable.Inc()
	} else {
		m.errors.Inc()
	}
}

// Attempted counts a delivery; c is the callback after it.
func (m *Metrics) Attempted(c noren.Callback, a noren.Attempt) {
	m.attempts.WithLabelValues(string(c.State)).Inc()
	m.sending.Observe(a.Duration.Seconds())
}

// page is what Prometheus scrapes. If one metric cannot be read, the others are still served.
func (m *Metrics) page() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// queues counts what is waiting at each scrape, so that nobody has to keep count in between.
type queues struct {
	counter      Queues
	now          func() time.Time
	waiting, age *prometheus.Desc
}

// newQueues makes the collector. Nothing is read before the first scrape.
func newQueues(counter Queues, now func() time.Time) *queues {
	return &queues{
		counter: counter, now: now,
		waiting: prometheus.NewDesc("noren_queue_waiting", "What waits to be applied or delivered.", []string{"queue"}, nil),
		age:     prometheus.NewDesc("noren_queue_oldest_seconds", "How long the oldest of it has waited.", []string{"queue"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (q *queues) Describe(out chan<- *prometheus.Desc) {
	out <- q.waiting
	out <- q.age
}

// Collect implements prometheus.Collector. If the database does not respond, the two metrics are missing.
func (q *queues) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeWithin)
	defer cancel()
	stats, err := q.counter.QueueStats(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(q.waiting, err)
		return
	}
	now := q.now()
	for _, queue := range []struct {
		name    string
		waiting int
		oldest  time.Time
	}{
		{"bulk", stats.BulkWaiting, stats.BulkOldest}, {"callbacks", stats.CallbacksWaiting, stats.CallbacksOldest},
	} {
		var age float64
		// Never negative: clocks of several nodes may differ.
		if !queue.oldest.IsZero() {
			age = max(0, now.Sub(queue.oldest).Seconds())
		}
		out <- prometheus.MustNewConstMetric(q.waiting, prometheus.GaugeValue, float64(queue.waiting), queue.name)
		out <- prometheus.MustNewConstMetric(q.age, prometheus.GaugeValue, age, queue.name)
	}
}
