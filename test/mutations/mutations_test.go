package main

import (
	"slices"
	"testing"
)

// echoless are the mistakes in a value: nothing else in the file is wrong because of them.
var echoless = []string{"bare word", "null", "out of range", "retype"}

// TestMutations holds that every mistake is caught at its line with a fix, in words that a user knows, or is none for
// a reason that the schema gives.
func TestMutations(t *testing.T) {
	judged, err := judgeAll("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(judged) < 2000 {
		t.Errorf("only %d mutations", len(judged))
	}
	for _, v := range judged {
		if v.problem != "" {
			t.Errorf("%s", v)
		}
		if v.caught && !v.alone && v.reason == "" && slices.Contains(echoless, v.kind) && v.place == "base" {
			t.Errorf("it is told at other lines too: %s", v)
		}
	}
}

// TestJudge holds that the judge is no rubber stamp.
func TestJudge(t *testing.T) {
	j, err := newJudge()
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("name: \"app1\", space: \"web\", owner: \"o\"\nimage: {name: \"x\", tag: \"1\"}\nreplicas: 3\n")
	fields, err := targets(j.schema, "app.cue", text)
	if err != nil || len(fields) != 7 {
		t.Fatalf("%d fields, %v", len(fields), err)
	}
	replicas := fields[6]
	m := &mutation{file: "app.cue", kind: "retype", place: "base", lines: []int{3}, field: replicas}
	_, _, list, err := j.compile("app.cue", []byte(string(text)+"replica: 3\n"), ".")
	if err != nil {
		t.Fatal(err)
	}
	if v := opinion(m, list, nil, false); v.problem != "it is told at another line" {
		t.Errorf("a mistake at another line: %s", v)
	}
	if v := opinion(m, nil, nil, false); v.problem != "it is not caught" {
		t.Errorf("a mistake that is not caught: %s", v)
	}
	list[0].Pos.Line, list[0].Hint = 3, ""
	if v := opinion(m, list, nil, false); v.problem != "it gives no fix" {
		t.Errorf("a mistake without a fix: %s", v)
	}
	list[0].Hint = "unify #App.replicas"
	if v := opinion(m, list, nil, false); v.problem == "" {
		t.Errorf("words of CUE pass: %s", v)
	}
}
