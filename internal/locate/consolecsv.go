package locate

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
)

// isConsoleHeader recognises the file that the AWS console offers for download
// when a key is made (NAME_accessKeys.csv, new_user_credentials.csv).
func isConsoleHeader(line string) bool {
	line = strings.ToLower(line)
	return strings.Contains(line, "access key id,") && strings.Contains(line, "secret access key")
}

// readConsoleCSV reads it, by header name: its columns have changed over time.
func readConsoleCSV(text string) ([]sighting, []Problem) {
	table := csv.NewReader(strings.NewReader(text))
	table.FieldsPerRecord = -1
	table.TrimLeadingSpace = true
	column := map[string]int{}
	var found []sighting
	var problems []Problem
	for first := true; ; first = false {
		row, err := table.Read()
		if errors.Is(err, io.EOF) {
			return found, problems
		}
		if err != nil {
			return found, append(problems, csvProblem(err))
		}
		line, _ := table.FieldPos(0)
		if first {
			column = columns(row)
			continue
		}
		id, err := accesskey.ParseID(cell(row, column, "access key id"))
		if err != nil {
			problems = append(problems, Problem{Line: line, Reason: "no access key ID in its column", Unread: true})
			continue
		}
		found = append(found, sighting{
			id:     id,
			place:  Place{Line: line, Name: cell(row, column, "user name")},
			secret: cell(row, column, "secret access key"),
		})
	}
}

// csvProblem takes the line out of a parse error: its text could quote the file.
func csvProblem(err error) Problem {
	p := Problem{Reason: "not a table (CSV)", Unread: true}
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		p.Line = parse.Line
	}
	return p
}

func columns(header []string) map[string]int {
	at := map[string]int{}
	for i, name := range header {
		at[strings.ToLower(strings.TrimSpace(name))] = i
	}
	return at
}

func cell(row []string, column map[string]int, name string) string {
	i, ok := column[name]
	if !ok || i >= len(row) {
		return ""
	}
	return strings.TrimSpace(row[i])
}
