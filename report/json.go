package report

import (
	"bytes"
	"encoding/json"

	"github.com/meridian-gitops/meridian/diag"
)

// jsonReport is the document of the JSON format. Fields are added, never renamed or removed.
type jsonReport struct {
	Diagnostics []jsonDiagnostic `json:"diagnostics"`
	Errors      int              `json:"errors"`
	Warnings    int              `json:"warnings"`
	Omitted     int              `json:"omitted,omitempty"` // beyond --max-errors
}

type jsonDiagnostic struct {
	Code     diag.Code `json:"code"`
	Severity string    `json:"severity"` // error or warning
	jsonPos
	Path    string        `json:"path,omitempty"` // the user's field
	Region  string        `json:"region,omitempty"`
	Message string        `json:"message"`
	Fix     string        `json:"fix,omitempty"`
	Related []jsonRelated `json:"related,omitempty"`
}

type jsonPos struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`   // from 1
	Column int    `json:"column,omitempty"` // from 1, in bytes
}

type jsonRelated struct {
	jsonPos
	Message string `json:"message"`
}

func (r Report) json() ([]byte, error) {
	doc := jsonReport{Diagnostics: []jsonDiagnostic{}, Omitted: r.Omitted}
	for _, d := range r.List {
		if d.Severity == diag.Error {
			doc.Errors++
		} else {
			doc.Warnings++
		}
		item := jsonDiagnostic{Code: d.Code, Severity: d.Severity.String(), jsonPos: placeOf(d.Pos), Path: d.Path, Region: d.Region, Message: d.Message, Fix: d.Hint}
		for _, related := range d.Related {
			item.Related = append(item.Related, jsonRelated{placeOf(related.Pos), related.Message})
		}
		doc.Diagnostics = append(doc.Diagnostics, item)
	}
	return indented(doc)
}

func placeOf(pos diag.Pos) jsonPos { return jsonPos{pos.File, pos.Line, pos.Col} }

func indented(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
