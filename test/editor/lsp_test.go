package editor

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience is for how long a server may think.
const patience = 60 * time.Second

// server is a language server that is spoken to as an editor does: JSON-RPC with Content-Length framing over stdio.
type server struct {
	t       *testing.T
	in      io.WriteCloser
	replies chan message
	marks   chan marks
	next    int
	version map[string]int
}

// message is any message of JSON-RPC.
type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   json.RawMessage `json:"error,omitempty"`
}

// marks are the diagnostics of a file.
type marks struct {
	URI         string       `json:"uri"`
	Version     int          `json:"version"`
	Diagnostics []diagnostic `json:"diagnostics"`
}

type diagnostic struct {
	Range   span   `json:"range"`
	Message string `json:"message"`
}

type span struct {
	Start place `json:"start"`
}

// place counts lines and characters from 0.
type place struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

// start starts a server in a folder and greets it. It ends with the test.
func start(t *testing.T, dir string, command ...string) *server {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Env = dir, offline()
	var said strings.Builder
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, in: in, replies: make(chan message, 100), marks: make(chan marks, 100), version: map[string]int{}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.read(bufio.NewReader(out))
	}()
	t.Cleanup(func() {
		s.request("shutdown", nil, nil)
		s.send(message{Method: "exit"})
		in.Close()
		select {
		case <-ended:
		case <-time.After(patience):
			cmd.Process.Kill()
		}
		cmd.Wait()
		if t.Failed() && said.Len() > 0 {
			t.Logf("the server says: %s", said.String())
		}
	})
	root := "file://" + dir
	s.request("initialize", map[string]any{
		"processId": os.Getpid(), "rootUri": root, "workspaceFolders": []any{map[string]any{"uri": root, "name": "workspace"}},
		"capabilities": map[string]any{"textDocument": map[string]any{"publishDiagnostics": map[string]any{}, "hover": map[string]any{"contentFormat": []string{"markdown"}}}},
	}, nil)
	s.notify("initialized", map[string]any{})
	return s
}

// read sorts what the server sends, and answers what it asks with nothing, as an editor without settings does.
func (s *server) read(out *bufio.Reader) {
	for {
		header, err := textproto.NewReader(out).ReadMIMEHeader()
		if err != nil {
			return
		}
		length, err := strconv.Atoi(header.Get("Content-Length"))
		if err != nil {
			return
		}
		data := make([]byte, length)
		if _, err := io.ReadFull(out, data); err != nil {
			return
		}
		var m message
		if err := json.Unmarshal(data, &m); err != nil {
			return
		}
		switch {
		case m.Method != "" && m.ID != nil:
			s.send(message{ID: m.ID, Result: emptyAnswer(m)})
		case m.Method == "textDocument/publishDiagnostics":
			var found marks
			if json.Unmarshal(m.Params, &found) == nil {
				s.marks <- found
			}
		case m.Method == "":
			s.replies <- m
		}
	}
}

// emptyAnswer has as many nulls as a server asks settings for.
func emptyAnswer(m message) json.RawMessage {
	var asked struct{ Items []any }
	if m.Method != "workspace/configuration" || json.Unmarshal(m.Params, &asked) != nil {
		return json.RawMessage("null")
	}
	data, _ := json.Marshal(make([]any, len(asked.Items)))
	return data
}

func (s *server) send(m message) {
	m.Version = "2.0"
	data, err := json.Marshal(m)
	if err != nil {
		s.t.Error(err)
		return
	}
	fmt.Fprintf(s.in, "Content-Length: %d\r\n\r\n%s", len(data), data)
}

func (s *server) notify(method string, params any) {
	s.t.Helper()
	data, err := json.Marshal(params)
	if err != nil {
		s.t.Fatal(err)
	}
	s.send(message{Method: method, Params: data})
}

// request asks and waits for the answer, which result takes unless it is nil.
func (s *server) request(method string, params, result any) {
	s.t.Helper()
	s.next++
	m := message{ID: json.RawMessage(strconv.Itoa(s.next)), Method: method}
	if params != nil {
		var err error
		if m.Params, err = json.Marshal(params); err != nil {
			s.t.Fatal(err)
		}
	}
	s.send(m)
	select {
	case reply := <-s.replies:
		if string(reply.ID) != string(m.ID) || reply.Error != nil {
			s.t.Fatalf("%s: %s %s", method, reply.ID, reply.Error)
		}
		if result == nil || string(reply.Result) == "null" {
			return
		}
		if err := json.Unmarshal(reply.Result, result); err != nil {
			s.t.Fatalf("%s: %v: %s", method, err, reply.Result)
		}
	case <-time.After(patience):
		s.t.Fatalf("%s is not answered", method)
	}
}

// show opens a file in the editor, or changes what is in it.
func (s *server) show(path, language, text string) {
	s.t.Helper()
	uri := "file://" + path
	s.version[path]++
	if s.version[path] == 1 {
		s.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": uri, "languageId": language, "version": 1, "text": text}})
		return
	}
	s.notify("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": uri, "version": s.version[path]},
		"contentChanges": []any{map[string]any{"text": text}},
	})
}

// at asks about a place in a file.
func (s *server) at(method, path string, at place, result any) {
	s.t.Helper()
	s.request("textDocument/"+method, map[string]any{"textDocument": map[string]any{"uri": "file://" + path}, "position": at}, result)
}

// marked waits for the diagnostics of a file, as "line: message", counted from 1.
func (s *server) marked(path string) []string {
	s.t.Helper()
	for {
		select {
		case found := <-s.marks:
			if found.URI != "file://"+path || found.Version != 0 && found.Version < s.version[path] {
				continue
			}
			lines := []string{}
			slices.SortFunc(found.Diagnostics, func(a, b diagnostic) int {
				return cmp.Or(a.Range.Start.Line-b.Range.Start.Line, strings.Compare(a.Message, b.Message))
			})
			for _, d := range found.Diagnostics {
				lines = append(lines, fmt.Sprintf("%d: %s", d.Range.Start.Line+1, d.Message))
			}
			return lines
		case <-time.After(patience):
			s.t.Fatalf("nothing is said of %s", path)
		}
	}
}
