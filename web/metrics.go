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

// Metrics is everything that Prometheus is told: of requests here, of the worker through the methods Applied,
// ApplyError and Attempted, and of what is waiting at each scrape.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec // its count is the number of requests
	applied  *prometheus.HistogramVec
	errors   prometheus.Counter
	attempts *prometheus.CounterVec
	sending  prometheus.Histogram
}

// NewMetrics registers the metrics. service may be nil where nothing is to be counted at a scrape.
func NewMetrics(registry *prometheus.Registry, service *noren.Service) *Metrics {
	m := &Metrics{
		registry: registry,
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "noren_http_request_seconds", Help: "Requests answered, by dialect, route, method and status.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15),
		}, []string{"dialect", "route", "method", "status"}),
		applied: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "noren_bulk_apply_seconds", Help: "From the acceptance of a bulk request to its effect, by kind and outcome.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 18),
		}, []string{"kind", "state"}),
		errors: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "noren_bulk_apply_errors_total", Help: "Unexpected errors while applying bulk requests.",
		}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "noren_callback_attempts_total", Help: "Deliveries tried, by the callback's state after them.",
		}, []string{"state"}),
		sending: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "noren_callback_attempt_seconds", Help: "How long deliveries took.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 15),
		}),
	}
	registry.MustRegister(m.requests, m.applied, m.errors, m.attempts, m.sending)
	if service != nil {
		registry.MustRegister(newQueues(service))
	}
	return m
}

// request counts one answer. route is the pattern, never the path, so that the number of series stays small.
func (m *Metrics) request(dialect, route, method string, status int, took time.Duration) {
	if !knownMethod(method) {
		method = "other" // a client must not be able to make up label values
	}
	m.requests.WithLabelValues(dialect, route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

// knownMethod reports whether the method is one that HTTP clients ordinarily use.
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

// ApplyError counts an error met while applying.
func (m *Metrics) ApplyError(noren.TenantID, error) { m.errors.Inc() }

// Attempted counts a delivery; c is the callback after it.
func (m *Metrics) Attempted(c noren.Callback, a noren.Attempt) {
	m.attempts.WithLabelValues(string(c.State)).Inc()
	m.sending.Observe(a.Duration.Seconds())
}

// page is what Prometheus scrapes. Where one metric cannot be read, the others are answered all the same.
func (m *Metrics) page() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// queues reads what is waiting when it is scraped, so that no one has to keep count.
type queues struct {
	service      *noren.Service
	waiting, age *prometheus.Desc
}

// newQueues makes the collector; nothing is read before the first scrape.
func newQueues(service *noren.Service) *queues {
	return &queues{
		service: service,
		waiting: prometheus.NewDesc("noren_queue_waiting", "What waits to be applied or delivered.", []string{"queue"}, nil),
		age:     prometheus.NewDesc("noren_queue_oldest_seconds", "How long the oldest of it has waited.", []string{"queue"}, nil),
	}
}

// Describe is part of prometheus.Collector.
func (q *queues) Describe(out chan<- *prometheus.Desc) {
	out <- q.waiting
	out <- q.age
}

// Collect is part of prometheus.Collector. Where the database does not answer, the two metrics are missing.
func (q *queues) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeWithin)
	defer cancel()
	stats, err := q.service.QueueStats(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(q.waiting, err)
		return
	}
	now := q.service.Now()
	for _, queue := range []struct {
		name    string
		waiting int
		oldest  time.Time
	}{
		{"bulk", stats.BulkWaiting, stats.BulkOldest}, {"callbacks", stats.CallbacksWaiting, stats.CallbacksOldest},
	} {
		var age float64
		if !queue.oldest.IsZero() {
			age = max(0, now.Sub(queue.oldest).Seconds())
		}
		out <- prometheus.MustNewConstMetric(q.waiting, prometheus.GaugeValue, float64(queue.waiting), queue.name)
		out <- prometheus.MustNewConstMetric(q.age, prometheus.GaugeValue, age, queue.name)
	}
}
