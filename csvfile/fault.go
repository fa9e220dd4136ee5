package csvfile

import (
	"fmt"

	"noren"
)

// Fault is what is wrong with a file that cannot be imported as a whole.
type Fault string

// The faults of a file.
const (
	FaultLarge      Fault = "large"       // Args: the most MiB
	FaultWorkbook   Fault = "workbook"    // a file of a spreadsheet program
	FaultName       Fault = "name"        // of another type of file. Args: how the name ends
	FaultEmpty      Fault = "empty"       // there is no line
	FaultHeader     Fault = "header"      // the quotes of the first line are wrong
	FaultColumns    Fault = "columns"     // Args: how many there are, the most
	FaultLongHeader Fault = "long_header" // the first line is no header
	FaultEncoding   Fault = "encoding"    // the header is no text. Args: the encoding
	// FaultEncodingName is an encoding that nobody knows. Args: its name, the known ones.
	FaultEncodingName Fault = "encoding_name"
)

// Faults lists all faults, for whoever words them.
func Faults() []Fault {
	return []Fault{
		FaultLarge, FaultWorkbook, FaultName, FaultEmpty, FaultHeader, FaultColumns, FaultLongHeader, FaultEncoding, FaultEncodingName,
	}
}

// Error says why a file cannot be imported as a whole: in English by itself, and with Fault and Args in any language.
type Error struct {
	Fault Fault
	Args  []any // as the fault says
	err   *noren.Error
}

func (e *Error) Error() string { return e.err.Error() }

// Unwrap returns the error of the domain, whose kind is TooLarge or Invalid.
func (e *Error) Unwrap() error { return e.err }

// wrong is the error of a file with the fault. message words it in English.
func wrong(fault Fault, message string, args ...any) error {
	kind := noren.Invalid
	if fault == FaultLarge {
		kind = noren.TooLarge
	}
	return &Error{fault, args, &noren.Error{
		Kind: kind, Reason: noren.ReasonBrokenLine, Field: "file", Message: fmt.Sprintf(message, args...),
	}}
}
