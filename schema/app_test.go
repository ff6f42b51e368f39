package schema

import (
	"os"
	"testing"
	"time"
)

func TestTmp(t *testing.T) {
	t0 := time.Now()
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Log("schema", time.Since(t0))
	data, _ := os.ReadFile("/work/shared/example-app.cue")
	facts := []Facts{{ID: "aws-oregon"}, {ID: "aws-beijing"}}
	for range 5 {
		t0 = time.Now()
		a, list := s.App(Source{Name: "app.cue", Data: data}, facts)
		t.Log("app", time.Since(t0))
		for _, d := range list {
			t.Log(d, d.Hint, d.Path)
		}
		_ = a
	}
	bad := `package app
name: "App1"
space: web
owner: "x"
image: {nam: "app1", tag: 1.10}
user: 0
replicas: "three"
autoscale: {min: 3}
ports: web: "8080"
ports: "Bad_Name": 5
http: public: {host: "app1.mydomain.com", allowFrom: ["10.10.1.0/33"], paths: [{path: "/x", typ: "Exact"}, "/ok", 5], redirectToHTTPS: "yes"}
health: liveness: {http: {path: "ready", port: "web"}, periodSeconds: -5}
rollout: strategy: "rolling"
region: 5
env: X: region.foo
env: A: "1"
env: A: "2"
regions: "aws-oregon": {name: "x", replicas: null, image: foo: 1}
replicsa: 3
user?: 5
`
	_, list := s.App(Source{Name: "app.cue", Data: []byte(bad)}, facts)
	for _, d := range list {
		t.Log(d, "|", d.Hint, "|", d.Path)
	}
	bad2 := `package app
name: "App1"
space: "web"
owner: "x"
image: {nam: "app1", tag: 1.10}
user: 0
replicas: "three"
autoscale: {min: 3}
ports: web: "8080"
ports: "Bad_Name": 5
http: public: {host: "app1.mydomain.com", allowFrom: ["10.10.1.0/33"], paths: [{path: "/x", typ: "Exact"}, "/ok", 5], redirectToHTTPS: "yes"}
health: liveness: {http: {path: "ready", port: "web"}, periodSeconds: -5}
rollout: strategy: "rolling"
env: X: 1/0
env: A: "1"
env: A: "2"
env: B: string
env: C: env.D
env: D: env.C
calls: foo: foo
foo: {a: foo}
args: ["x\(name)"]
regions: "aws-oregon": {name: "x", replicas: null, image: foo: 1}
regions: "aws-oregon": args: null
replicsa: 3
labels: x: labels.q
`
	_, list = s.App(Source{Name: "app.cue", Data: []byte(bad2)}, facts)
	for _, d := range list {
		t.Log(d, "|", d.Hint, "|", d.Path)
	}
}
