// Package figures takes times and rates in turns, and reports them: Noren beside a floor, and the ratio of the two.
package figures

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is everything that one run of the command measured.
type Report struct {
	Go    string   `json:"go"`
	CPUs  int      `json:"cpus"`
	Began string   `json:"began"` // RFC 3339
	Rows  []Result `json:"results"`
}

// Result is one line of the report: Noren beside the floor that was measured in turns with it.
type Result struct {
	Engine  string  `json:"engine"`
	Members int     `json:"members"`
	What    string  `json:"what"`
	Beside  string  `json:"beside,omitempty"` // what the floor is
	Callers int     `json:"callers"`          // at the same time
	Noren   float64 `json:"noren"`
	Floor   float64 `json:"floor,omitempty"` // 0: there is none
	Unit    unit    `json:"unit"`
	Ratio   float64 `json:"ratio,omitempty"` // Noren divided by Floor
	Bound   string  `json:"bound,omitempty"` // of the ratio, such as "≤ 2"
	Holds   *bool   `json:"holds,omitempty"` // whether the ratio is within the bound
}

// unit says what a number counts.
type unit string

// The units. Of times, less is better; of rates, more.
const (
	milliseconds unit = "ms"
	perSecond    unit = "/s"
	percent      unit = "%"
)

func NewReport(began time.Time) *Report {
	return &Report{Go: runtime.Version(), CPUs: runtime.NumCPU(), Began: began.UTC().Format(time.RFC3339)}
}

// Section adds lines that have engine, members and callers in common.
type Section struct {
	Report  *Report
	Engine  string
	Members int
	Callers int
}

// With is the same section for another number of callers.
func (s Section) With(callers int) Section {
	s.Callers = callers
	return s
}

// Times adds a line about durations, beside a floor. atMost is the bound of the ratio; 0 for none.
func (s Section) Times(what, beside string, noren, floor time.Duration, atMost float64) {
	r := s.line(what, beside, milliseconds, inMilliseconds(noren), inMilliseconds(floor))
	if atMost > 0 && r.Ratio > 0 {
		r.Bound, r.Holds = fmt.Sprintf("≤ %g", atMost), new(r.Ratio <= atMost)
	}
	s.Report.Rows = append(s.Report.Rows, r)
}

// Rates adds a line about calls a second, beside a floor. atLeast is the bound of the ratio; 0 for none.
func (s Section) Rates(what, beside string, noren, floor, atLeast float64) {
	r := s.line(what, beside, perSecond, noren, floor)
	if atLeast > 0 && r.Ratio > 0 {
		r.Bound, r.Holds = fmt.Sprintf("≥ %g", atLeast), new(r.Ratio >= atLeast)
	}
	s.Report.Rows = append(s.Report.Rows, r)
}

// Share adds a line about the share that a part has in a whole.
func (s Section) Share(what string, part, whole time.Duration) {
	r := s.line(what, "", percent, 100*float64(part)/float64(whole), 0)
	s.Report.Rows = append(s.Report.Rows, r)
}

func (s Section) line(what, beside string, u unit, noren, floor float64) Result {
	r := Result{
		Engine: s.Engine, Members: s.Members, What: what, Beside: beside, Callers: s.Callers, Noren: noren, Floor: floor, Unit: u,
	}
	// Without a floor there is no ratio, and JSON leaves it out.
	if floor > 0 {
		r.Ratio = noren / floor
	}
	return r
}

func inMilliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// WriteTable writes the report for people.
func (r *Report) WriteTable(to io.Writer) error {
	lines := []string{
		fmt.Sprintf("%s, %d CPUs, begun %s\n", r.Go, r.CPUs, r.Began),
		"what\tbeside\tengine\tmembers\tcallers\tnoren\tfloor\tnoren:floor\tbound",
	}
	for _, row := range r.Rows {
		// Empty cells where a line has no such figure: a 0 would look measured.
		members, floor, ratio, bound := "", "", "", row.Bound
		if row.Members > 0 {
			members = strconv.Itoa(row.Members)
		}
		if row.Floor > 0 {
			floor, ratio = number(row.Floor, row.Unit), fmt.Sprintf("%.2f", row.Ratio)
		}
		if row.Holds != nil && !*row.Holds {
			bound += "  missed"
		}
		cells := []string{
			row.What, row.Beside, row.Engine, members, strconv.Itoa(row.Callers), number(row.Noren, row.Unit), floor, ratio, bound,
		}
		lines = append(lines, strings.Join(cells, "\t"))
	}
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return errors.Join(err, w.Flush())
}

// number writes a figure with its unit, to about three digits.
func number(n float64, u unit) string {
	// About three digits: more would pretend to be exact.
	places := 3
	switch {
	case n >= 100:
		places = 0
	case n >= 10:
		places = 1
	case n >= 1:
		places = 2
	}
	if u == percent {
		places = 0
	}
	return fmt.Sprintf("%.*f %s", places, n, u)
}

// writeJSON writes the report for programs.
func (r *Report) writeJSON(to io.Writer) error {
	e := json.NewEncoder(to)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Save writes the report to a file as JSON; an empty path means none.
func (r *Report) Save(path string) error {
	if path == "" {
		return nil
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(r.writeJSON(file), file.Close())
}
