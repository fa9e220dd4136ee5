package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// report is everything that one run of the command found out.
type report struct {
	Go    string   `json:"go"`
	CPUs  int      `json:"cpus"`
	Began string   `json:"began"` // RFC 3339
	Rows  []result `json:"results"`
}

// result is one line of the report: Noren beside the raw floor that was measured in turns with it.
type result struct {
	Engine  string  `json:"engine"`
	Members int     `json:"members"`
	What    string  `json:"what"`
	Beside  string  `json:"beside,omitempty"` // what the floor is
	Callers int     `json:"callers"`          // how many called at once
	Noren   float64 `json:"noren"`
	Floor   float64 `json:"floor,omitempty"` // 0: there is none
	Unit    unit    `json:"unit"`
	Ratio   float64 `json:"ratio,omitempty"` // Noren divided by Floor
	Bound   string  `json:"bound,omitempty"` // what the ratio has to be, such as "≤ 2"
	Holds   *bool   `json:"holds,omitempty"` // whether it is
}

// unit says what a number counts.
type unit string

// The units. Of the first less is better, of the second more.
const (
	milliseconds unit = "ms"
	perSecond    unit = "/s"
	percent      unit = "%"
)

func newReport(began time.Time) *report {
	return &report{Go: runtime.Version(), CPUs: runtime.NumCPU(), Began: began.UTC().Format(time.RFC3339)}
}

// section adds lines that have engine, members and callers in common.
type section struct {
	report  *report
	engine  string
	members int
	callers int
}

// with is the same section for another number of callers.
func (s section) with(callers int) section {
	s.callers = callers
	return s
}

// times adds a line about durations, beside a floor. atMost is the bound of the ratio; 0 where there is none.
func (s section) times(what, beside string, noren, floor time.Duration, atMost float64) {
	r := s.line(what, beside, milliseconds, inMilliseconds(noren), inMilliseconds(floor))
	if atMost > 0 && r.Ratio > 0 {
		r.Bound, r.Holds = fmt.Sprintf("≤ %g", atMost), new(r.Ratio <= atMost)
	}
	s.report.Rows = append(s.report.Rows, r)
}

// rates adds a line about calls a second, beside a floor. atLeast is the bound of the ratio; 0 where there is none.
func (s section) rates(what, beside string, noren, floor, atLeast float64) {
	r := s.line(what, beside, perSecond, noren, floor)
	if atLeast > 0 && r.Ratio > 0 {
		r.Bound, r.Holds = fmt.Sprintf("≥ %g", atLeast), new(r.Ratio >= atLeast)
	}
	s.report.Rows = append(s.report.Rows, r)
}

// share adds a line about what part of a whole something is.
func (s section) share(what string, part, whole time.Duration) {
	r := s.line(what, "", percent, 100*float64(part)/float64(whole), 0)
	s.report.Rows = append(s.report.Rows, r)
}

func (s section) line(what, beside string, u unit, noren, floor float64) result {
	r := result{
		Engine: s.engine, Members: s.members, What: what, Beside: beside, Callers: s.callers, Noren: noren, Floor: floor, Unit: u,
	}
	if floor > 0 {
		r.Ratio = noren / floor
	}
	return r
}

func inMilliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// writeTable writes the report for people.
func (r *report) writeTable(to io.Writer) error {
	lines := []string{
		fmt.Sprintf("%s, %d CPUs, begun %s\n", r.Go, r.CPUs, r.Began),
		"what\tbeside\tengine\tmembers\tcallers\tnoren\tfloor\tnoren:floor\tbound",
	}
	for _, row := range r.Rows {
		members, floor, ratio, bound := "", "", "", row.Bound
		if row.Members > 0 {
			members = fmt.Sprint(row.Members)
		}
		if row.Floor > 0 {
			floor, ratio = number(row.Floor, row.Unit), fmt.Sprintf("%.2f", row.Ratio)
		}
		if row.Holds != nil && !*row.Holds {
			bound += "  missed"
		}
		cells := []string{
			row.What, row.Beside, row.Engine, members, fmt.Sprint(row.Callers), number(row.Noren, row.Unit), floor, ratio, bound,
		}
		lines = append(lines, strings.Join(cells, "\t"))
	}
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return errors.Join(err, w.Flush())
}

// number writes a figure with its unit, to about three digits.
func number(n float64, u unit) string {
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
func (r *report) writeJSON(to io.Writer) error {
	e := json.NewEncoder(to)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// save writes the report to a file as JSON; an empty path means none.
func (r *report) save(path string) error {
	if path == "" {
		return nil
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(r.writeJSON(file), file.Close())
}
