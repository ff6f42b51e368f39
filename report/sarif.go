package report

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
)

// The types are those of SARIF 2.1.0, as far as diagnostics fill them.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID        string         `json:"id"`
		Short     sarifMessage   `json:"shortDescription"`
		Full      sarifMessage   `json:"fullDescription"`
		Help      sarifMessage   `json:"help"`
		HelpURI   string         `json:"helpUri"`
		Configure sarifConfigure `json:"defaultConfiguration"`
	}
	sarifConfigure struct {
		Level string `json:"level"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifMessage      `json:"message"`
		Locations    []sarifLocation   `json:"locations,omitempty"`
		Related      []sarifLocation   `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Properties   map[string]string `json:"properties,omitempty"`
	}
	sarifLocation struct {
		ID       int           `json:"id,omitempty"`
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifMessage `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI    string `json:"uri"`
		BaseID string `json:"uriBaseId,omitempty"`
	}
	sarifRegion struct {
		Line   int `json:"startLine"`
		Column int `json:"startColumn"`
	}
)

// home is where the project and its error reference are.
const home = "https://github.com/meridian-gitops/meridian"

// sarif prints a log of one run. It is printed without results too: that is how a service learns that what it
// showed before is mended.
func (r Report) sarif() ([]byte, error) {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "meridian", Version: r.Version, InformationURI: home, Rules: []sarifRule{}}
	index := map[diag.Code]int{}
	for i, code := range codes(r.List) {
		index[code] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(diag.Lookup(code)))
	}
	for _, d := range r.List {
		run.Results = append(run.Results, r.sarifResult(d, index[d.Code]))
	}
	return indented(sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

func sarifRuleOf(e diag.Entry) sarifRule {
	return sarifRule{
		ID: string(e.Code), Short: sarifMessage{e.Title}, Full: sarifMessage{e.Cause}, Help: sarifMessage{"fix: " + e.Fix},
		HelpURI:   home + "/blob/main/docs/errors.md#" + strings.ToLower(string(e.Code)),
		Configure: sarifConfigure{e.Severity.String()},
	}
}

func (r Report) sarifResult(d diag.Diagnostic, rule int) sarifResult {
	said := Harmless(message(d))
	if d.Hint != "" {
		said += "\nfix: " + Harmless(d.Hint)
	}
	result := sarifResult{
		RuleID: string(d.Code), RuleIndex: rule, Level: d.Severity.String(), Message: sarifMessage{said},
		Fingerprints: map[string]string{"meridian/v1": fingerprint(d)},
	}
	if d.Pos.IsValid() {
		result.Locations = []sarifLocation{{Physical: r.sarifPlace(d.Pos)}}
	}
	for i, related := range d.Related {
		result.Related = append(result.Related, sarifLocation{i + 1, r.sarifPlace(related.Pos), &sarifMessage{Harmless(related.Message)}})
	}
	result.Properties = map[string]string{}
	for key, value := range map[string]string{"field": d.Path, "region": d.Region} {
		if value != "" {
			result.Properties[key] = value
		}
	}
	return result
}

func (r Report) sarifPlace(pos diag.Pos) sarifPhysical {
	place := sarifPhysical{Artifact: artifact(pos.File)}
	if pos.Line > 0 {
		place.Region = &sarifRegion{pos.Line, r.Lines.column(pos)}
	}
	return place
}

// artifact names a file as a URI, relative to the root of the sources where it can be.
func artifact(file string) sarifArtifact {
	clean := path.Clean(strings.ReplaceAll(file, `\`, "/"))
	if path.IsAbs(clean) {
		return sarifArtifact{URI: (&url.URL{Scheme: "file", Path: clean}).String()}
	}
	return sarifArtifact{URI: (&url.URL{Path: clean}).EscapedPath(), BaseID: "%SRCROOT%"}
}

// fingerprint tells a mistake from others wherever its line moves to.
func fingerprint(d diag.Diagnostic) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(d.Code), d.Pos.File, d.Path, d.Region, d.Message}, "\x00")))
	return hex.EncodeToString(sum[:16])
}
