package conformance

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// node is an XML element.
type node struct {
	XMLName  xml.Name
	Text     string `xml:",chardata"`
	Children []node `xml:",any"`
}

func (n node) child(name string) *node {
	for i := range n.Children {
		if n.Children[i].XMLName.Local == name {
			return &n.Children[i]
		}
	}
	return nil
}

// checkAnswer holds one answer of an operation to its model and returns what
// is wrong with it.
func checkAnswer(service string, m *model, action string, status int, header http.Header, body []byte) []string {
	p := &problems{service: service}
	contentType := header.Get("Content-Type")
	op, ok := m.Operations[action]
	if !ok {
		return nil // the client asked for something that this model doesn't have
	}
	switch m.Metadata.Protocol {
	case "query":
		checkQuery(p, m, action, op, status, contentType, body)
	case "json":
		checkJSON(p, m, action, op, status, contentType, body)
	case "rest-json":
		checkRESTJSON(p, m, action, op, status, header, body)
	default:
		p.add(action, "protocol %s: no check", m.Metadata.Protocol)
	}
	return p.found
}

func checkQuery(p *problems, m *model, action string, op operation, status int, contentType string, body []byte) {
	if !strings.HasPrefix(contentType, "text/xml") {
		p.add(action, "Content-Type %q, want text/xml", contentType)
	}
	var root node
	if err := xml.Unmarshal(body, &root); err != nil {
		p.add(action, "not XML: %v\n%s", err, body)
		return
	}
	if root.XMLName.Space != m.Metadata.XMLNamespace {
		p.add(action, "namespace %q, want %q", root.XMLName.Space, m.Metadata.XMLNamespace)
	}
	if status >= 300 {
		checkQueryError(p, m, action, op, status, root)
		return
	}
	if want := action + "Response"; root.XMLName.Local != want {
		p.add(action, "root element %s, want %s", root.XMLName.Local, want)
	}
	if meta := root.child("ResponseMetadata"); meta == nil || meta.child("RequestId") == nil {
		p.add(action, "no ResponseMetadata/RequestId")
	}
	if op.Output == nil {
		return
	}
	result := root.child(op.Output.ResultWrapper)
	if result == nil {
		p.add(action, "no %s", op.Output.ResultWrapper)
		return
	}
	checkXML(p, m, action, op.Output.Shape, *result)
}

// wordless are the refusals of GetCredentialReport, which come without any
// message: clients show "Unknown" (prowler issue 272, introspector issue 17).
var wordless = map[string]bool{"ReportNotPresent": true, "ReportInProgress": true, "ReportExpired": true}

func checkQueryError(p *problems, m *model, action string, op operation, status int, root node) {
	e := root.child("Error")
	if root.XMLName.Local != "ErrorResponse" || e == nil {
		p.add(action, "error is not ErrorResponse/Error but %s", root.XMLName.Local)
		return
	}
	if root.child("RequestId") == nil {
		p.add(action, "error without RequestId")
	}
	code, kind := e.child("Code"), e.child("Type")
	if code == nil || kind == nil || e.child("Message") == nil && !wordless[code.Text] {
		p.add(action, "error without Code, Type or Message")
		return
	}
	if kind.Text != "Sender" && kind.Text != "Receiver" {
		p.add(action, "error type %q", kind.Text)
	}
	checkErrorCode(p, m, action, op, status, code.Text)
}

// checkErrorCode wants a code which the operation declares, or a common one,
// with its HTTP status.
func checkErrorCode(p *problems, m *model, action string, op operation, status int, code string) {
	for _, e := range op.Errors {
		s := m.Shapes[e.Shape]
		name, want := e.Shape, 400
		if s.Error != nil {
			if s.Error.Code != "" {
				name = s.Error.Code
			}
			if s.Error.HTTPStatusCode != 0 {
				want = s.Error.HTTPStatusCode
			}
		}
		if name == code {
			if status != want {
				p.add(action, "error %s with status %d, want %d", code, status, want)
			}
			return
		}
	}
	if want, ok := commonErrors[code]; !ok {
		p.add(action, "error code %s is neither declared nor common", code)
	} else if want != status {
		p.add(action, "error %s with status %d, want %d", code, status, want)
	}
}

func checkXML(p *problems, m *model, path, shapeName string, n node) {
	s := m.Shapes[shapeName]
	switch s.Type {
	case "structure":
		checkXMLStructure(p, m, path, shapeName, s, n)
	case "list":
		for i, c := range n.Children {
			if c.XMLName.Local != "member" {
				p.add(path, "list element <%s>, want <member>", c.XMLName.Local)
			}
			checkXML(p, m, fmt.Sprintf("%s[%d]", path, i), s.Member.Shape, c)
		}
	case "map":
		for _, entry := range n.Children {
			k, v := entry.child("key"), entry.child("value")
			if entry.XMLName.Local != "entry" || k == nil || v == nil {
				p.add(path, "map entry is not entry/key,value")
				continue
			}
			checkXML(p, m, path+"{key}", s.Key.Shape, *k)
			checkXML(p, m, path+"{"+k.Text+"}", s.Value.Shape, *v)
		}
	default:
		if len(n.Children) > 0 {
			p.add(path, "%s with child elements", s.Type)
		}
		checkScalar(p, path, shapeName, s, n.Text)
	}
}

func checkXMLStructure(p *problems, m *model, path, shapeName string, s shape, n node) {
	seen := map[string]bool{}
	for _, c := range n.Children {
		name := c.XMLName.Local
		mem, ok := memberOf(s, name)
		switch {
		case !ok && p.known(shapeName+"."+name):
		case !ok:
			p.add(path, "%s has no member %s", shapeName, name)
		case seen[name]:
			p.add(path, "member %s twice", name)
		default:
			checkXML(p, m, path+"."+name, mem.Shape, c)
		}
		seen[name] = true
	}
	for _, r := range s.Required {
		if !seen[wireName(s, r)] && !p.mayBeAbsent(shapeName+"."+r) {
			p.add(path, "required member %s of %s is missing", r, shapeName)
		}
	}
}

func memberOf(s shape, name string) (member, bool) {
	for k, mem := range s.Members {
		if wireName(s, k) == name {
			return mem, true
		}
	}
	return member{}, false
}

func wireName(s shape, memberName string) string {
	if l := s.Members[memberName].LocationName; l != "" {
		return l
	}
	return memberName
}

func checkScalar(p *problems, path, shapeName string, s shape, text string) {
	switch s.Type {
	case "boolean":
		if text != "true" && text != "false" {
			p.add(path, "boolean %q", text)
		}
	case "integer", "long":
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			p.add(path, "integer %q", text)
		}
	case "double":
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			p.add(path, "double %q", text)
		}
	case "timestamp":
		const form = "2006-01-02T15:04:05Z"
		if at, err := time.Parse(form, text); err != nil || at.Format(form) != text {
			p.add(path, "timestamp %q, want 2006-01-02T15:04:05Z", text)
		}
	case "string":
		checkString(p, path, shapeName, s, text)
	case "blob":
	default:
		p.add(path, "%s: no check for type %q", shapeName, s.Type)
	}
}

func checkString(p *problems, path, shapeName string, s shape, text string) {
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, text) && !p.known(shapeName+"="+text) {
		p.add(path, "%q is not of enum %s %v", text, shapeName, s.Enum)
	}
	n := float64(utf8.RuneCountInString(text))
	if s.Min != nil && n < *s.Min || s.Max != nil && n > *s.Max {
		p.add(path, "%s %q: length %v not in %v..%v", shapeName, text, n, deref(s.Min), deref(s.Max))
	}
	if re := compile(s.Pattern); re != nil && !re.MatchString(text) {
		p.add(path, "%s %q does not match %s", shapeName, text, s.Pattern)
	}
}

func deref(f *float64) float64 {
	if f == nil {
		return math.NaN()
	}
	return *f
}

// compile returns the pattern anchored, or nil where Go's regexp can't say it
// (lookahead, Java's Unicode escapes beyond the BMP).
func compile(pattern string) *regexp.Regexp {
	if pattern == "" {
		return nil
	}
	pattern = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`).ReplaceAllString(pattern, `\x{$1}`)
	re, err := regexp.Compile(`^(?s:` + pattern + `)$`)
	if err != nil {
		return nil
	}
	return re
}

func checkJSON(p *problems, m *model, action string, op operation, status int, contentType string, body []byte) {
	if !strings.HasPrefix(contentType, "application/x-amz-json-1.") {
		p.add(action, "Content-Type %q, want application/x-amz-json-1.x", contentType)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v map[string]any
	if len(body) > 0 || op.Output != nil {
		if err := dec.Decode(&v); err != nil {
			p.add(action, "not a JSON object: %v\n%s", err, body)
			return
		}
	}
	if status >= 300 {
		code, _ := v["__type"].(string)
		if i := strings.LastIndexByte(code, '#'); i >= 0 {
			code = code[i+1:]
		}
		checkErrorCode(p, m, action, op, status, code)
		return
	}
	if op.Output != nil {
		checkJSONValue(p, m, action, op.Output.Shape, v)
	}
}

func checkRESTJSON(p *problems, m *model, action string, op operation, status int, header http.Header, body []byte) {
	if contentType := header.Get("Content-Type"); contentType != "application/json" {
		p.add(action, "Content-Type %q, want application/json", contentType)
	}
	if status < 300 && op.HTTP.Status != 0 && status != op.HTTP.Status {
		p.add(action, "status %d, want %d", status, op.HTTP.Status)
	}
	if status < 300 && (op.Output == nil || m.Shapes[op.Output.Shape].Payload != "") {
		checkRaw(p, action, op, body)
		return
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v map[string]any
	if err := dec.Decode(&v); err != nil {
		p.add(action, "not a JSON object: %v\n%s", err, body)
		return
	}
	if status >= 300 {
		code, _ := v["Code"].(string)
		if told := header.Get("X-Amzn-Errortype"); told != code {
			p.add(action, "the header says %q, the document %q", told, code)
		}
		checkErrorCode(p, m, action, op, status, code)
		return
	}
	checkJSONValue(p, m, action, op.Output.Shape, v)
}

// checkRaw is for answers without a document: nothing, or a payload as it is.
func checkRaw(p *problems, action string, op operation, body []byte) {
	if op.Output == nil && len(body) > 0 {
		p.add(action, "%d bytes, want none", len(body))
	}
}

func checkJSONValue(p *problems, m *model, path, shapeName string, v any) {
	s := m.Shapes[shapeName]
	switch s.Type {
	case "structure":
		object, ok := v.(map[string]any)
		if !ok {
			p.add(path, "%T, want an object (%s)", v, shapeName)
			return
		}
		checkJSONStructure(p, m, path, shapeName, s, object)
	case "list":
		items, ok := v.([]any)
		if !ok {
			p.add(path, "%T, want a list (%s)", v, shapeName)
		}
		for i, item := range items {
			checkJSONValue(p, m, fmt.Sprintf("%s[%d]", path, i), s.Member.Shape, item)
		}
	case "map":
		object, ok := v.(map[string]any)
		if !ok {
			p.add(path, "%T, want a map (%s)", v, shapeName)
		}
		for k, item := range object {
			checkJSONValue(p, m, path+"{"+k+"}", s.Value.Shape, item)
		}
	default:
		checkJSONScalar(p, path, shapeName, s, v)
	}
}

func checkJSONStructure(p *problems, m *model, path, shapeName string, s shape, object map[string]any) {
	for name, item := range object {
		mem, ok := memberOf(s, name)
		switch {
		case item == nil:
			p.add(path, "%s is null; AWS leaves absent members out", name)
		case ok:
			checkJSONValue(p, m, path+"."+name, mem.Shape, item)
		case !p.known(shapeName + "." + name):
			p.add(path, "%s has no member %s", shapeName, name)
		}
	}
	for _, r := range s.Required {
		if _, ok := object[wireName(s, r)]; !ok && !p.mayBeAbsent(shapeName+"."+r) {
			p.add(path, "required member %s of %s is missing", r, shapeName)
		}
	}
}

func checkJSONScalar(p *problems, path, shapeName string, s shape, v any) {
	switch s.Type {
	case "boolean":
		if _, ok := v.(bool); !ok {
			p.add(path, "%T, want a boolean", v)
		}
	case "integer", "long", "double", "float", "timestamp":
		if _, ok := v.(json.Number); !ok {
			p.add(path, "%T %v, want a number (%s)", v, v, s.Type)
		}
	default:
		text, ok := v.(string)
		if !ok {
			p.add(path, "%T, want a string", v)
			return
		}
		checkScalar(p, path, shapeName, s, text)
	}
}
