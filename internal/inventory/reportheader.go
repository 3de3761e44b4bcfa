package inventory

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// reportField is what a column means.
type reportField int

const (
	fieldIgnored reportField = iota
	fieldUser
	fieldARN
	fieldCreated
	fieldPasswordEnabled
	fieldPasswordLastUsed
	fieldPasswordLastChanged
	fieldMFA
	fieldAdditional
	fieldKeyActive
	fieldKeyRotated
	fieldKeyLastUsed
	fieldKeyRegion
	fieldKeyService
	fieldCertActive
	fieldCertRotated
)

// neededSlots is how many keys and certificates every report shows; AWS may
// add columns for more, up to maxSlots here.
const (
	neededSlots = 2
	maxSlots    = 9
)

// reportColumn is a named column and where its text goes.
type reportColumn struct {
	name  string
	field reportField
	slot  int // of a key or certificate, from 0
}

// plainColumns and slotColumns are the columns that mean something here; all
// but the last plain one are needed.
var plainColumns = []reportColumn{
	{name: "user", field: fieldUser},
	{name: "arn", field: fieldARN},
	{name: "user_creation_time", field: fieldCreated},
	{name: "password_enabled", field: fieldPasswordEnabled},
	{name: "password_last_used", field: fieldPasswordLastUsed},
	{name: "password_last_changed", field: fieldPasswordLastChanged},
	{name: "mfa_active", field: fieldMFA},
	{name: "additional_credentials_info", field: fieldAdditional},
}

var slotColumns = []reportColumn{
	{name: "access_key_%_active", field: fieldKeyActive},
	{name: "access_key_%_last_rotated", field: fieldKeyRotated},
	{name: "access_key_%_last_used_date", field: fieldKeyLastUsed},
	{name: "access_key_%_last_used_region", field: fieldKeyRegion},
	{name: "access_key_%_last_used_service", field: fieldKeyService},
	{name: "cert_%_active", field: fieldCertActive},
	{name: "cert_%_last_rotated", field: fieldCertRotated},
}

// knownColumns returns every column this program understands, by name.
func knownColumns() map[string]reportColumn {
	known := make(map[string]reportColumn)
	for _, c := range plainColumns {
		known[c.name] = c
	}
	for slot := range maxSlots {
		for _, c := range slotColumns {
			c.name = strings.Replace(c.name, "%", strconv.Itoa(slot+1), 1)
			c.slot = slot
			known[c.name] = c
		}
	}
	return known
}

func (c reportColumn) needed() bool {
	return c.field != fieldIgnored && c.field != fieldAdditional && c.slot < neededSlots
}

// readHeader reads the first line and gives each of its columns a meaning.
func readHeader(records *csvRecords) ([]reportColumn, error) {
	fields, err := records.read()
	if errors.Is(err, io.EOF) {
		return nil, records.errorAt(1, "", "empty: not even a header")
	}
	if err != nil {
		return nil, err
	}
	known, seen := knownColumns(), make(map[string]bool)
	columns := make([]reportColumn, len(fields))
	for i, f := range fields {
		name := strings.TrimPrefix(f.text, "\ufeff") // a report saved by a spreadsheet
		column, ok := known[name]
		if !ok {
			columns[i] = reportColumn{name: name}
			continue
		}
		if seen[name] {
			return nil, records.errorAt(f.column, name, "this column appears twice")
		}
		seen[name], columns[i] = true, column
	}
	return columns, missingColumns(records, known, seen)
}

func missingColumns(records *csvRecords, known map[string]reportColumn, seen map[string]bool) error {
	var missing []string
	for name, column := range known {
		if column.needed() && !seen[name] {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	first := missing[0]
	for _, name := range missing {
		first = min(first, name)
	}
	problem := "this column is missing"
	if len(missing) > 1 {
		problem += fmt.Sprintf(", and %d more", len(missing)-1)
	}
	return records.errorAt(1, first, problem)
}
