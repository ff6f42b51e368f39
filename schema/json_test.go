package schema

import "testing"

func TestJSON(t *testing.T) {
	for _, text := range []string{`{}`, `[]`, `{"a":[1,-2,{"b":null}],"c":"<&>\u0000","d":true,"e":1.5}`, `"x"`, `7`, `null`} {
		n, err := ParseJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseJSON([]byte(jsonText(t, n)))
		if err != nil || !again.Equal(n) {
			t.Errorf("%s comes back as %s, %v", text, jsonText(t, n), err)
		}
	}
	for _, text := range []string{``, `{`, `[1,`, `{"a":}`} {
		if n, err := ParseJSON([]byte(text)); err == nil {
			t.Errorf("%q is read as %v", text, n)
		}
	}
	if _, err := (&Node{Kind: Any}).MarshalJSON(); err == nil {
		t.Error("CUE that is not data is written")
	}
}
