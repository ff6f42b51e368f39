package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCount(t *testing.T) {
	const told = `{"Action":"run","Test":"TestA"}
building something
{"Action":"attr","Test":"TestA/1.37","Key":"cases","Value":"40"}
{"Action":"pass","Test":"TestA/1.37"}
{"Action":"attr","Test":"TestC","Key":"version","Value":"1.36"}
{"Action":"pass","Test":"TestC"}
{"Action":"skip","Test":"TestA/1.34"}
{"Action":"pass","Test":"TestA"}
{"Action":"output","Test":"TestB/one","Output":"no\n"}
{"Action":"fail","Test":"TestB/one"}
{"Action":"pass","Test":"TestB/two"}
{"Action":"fail","Test":"TestB"}
{"Action":"fail"}
`
	got, err := count(strings.NewReader(told))
	want := result{cases: 43, failed: 1, skipped: 1, versions: []string{"1.37", "1.36"}, output: "no\n"}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(result{})); err != nil || diff != "" {
		t.Error(err, diff)
	}
}
