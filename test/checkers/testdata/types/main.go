// Types decodes objects, a stream of YAML on its standard input, into the Go types of the controllers that they are for,
// strictly, and encodes them again: nothing may be unknown, and nothing may be lost or changed. It prints the kinds that
// it has seen, with how many of each, or what is wrong.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"time"

	argocd "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	kustomize "github.com/fluxcd/kustomize-controller/api/v1"
	source "github.com/fluxcd/source-controller/api/v1"
	watcher "github.com/fluxcd/source-watcher/api/v2/v1beta1"
	"sigs.k8s.io/yaml"
)

// kinds make an object of each kind.
var kinds = map[string]func() any{
	"argoproj.io/v1alpha1 Application":                      func() any { return new(argocd.Application) },
	"argoproj.io/v1alpha1 AppProject":                       func() any { return new(argocd.AppProject) },
	"kustomize.toolkit.fluxcd.io/v1 Kustomization":          func() any { return new(kustomize.Kustomization) },
	"source.toolkit.fluxcd.io/v1 GitRepository":             func() any { return new(source.GitRepository) },
	"source.extensions.fluxcd.io/v1beta1 ArtifactGenerator": func() any { return new(watcher.ArtifactGenerator) },
}

func main() {
	seen, err := decodeAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, kind := range slices.Sorted(maps.Keys(seen)) {
		fmt.Println(seen[kind], kind)
	}
}

func decodeAll(r io.Reader) (map[string]int, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	seen := map[string]int{}
	for _, document := range bytes.Split(data, []byte("\n---\n")) {
		kind, err := decode(document)
		if err != nil {
			return nil, fmt.Errorf("%w\n%s", err, document)
		}
		seen[kind]++
	}
	return seen, nil
}

func decode(document []byte) (string, error) {
	var before map[string]any
	if err := yaml.Unmarshal(document, &before); err != nil {
		return "", err
	}
	kind := fmt.Sprintf("%v %v", before["apiVersion"], before["kind"])
	create := kinds[kind]
	if create == nil {
		return "", fmt.Errorf("no type for %s", kind)
	}
	object := create()
	if err := yaml.UnmarshalStrict(document, object); err != nil {
		return "", err
	}
	encoded, err := json.Marshal(object)
	if err != nil {
		return "", err
	}
	var after map[string]any
	if err := json.Unmarshal(encoded, &after); err != nil {
		return "", err
	}
	return kind, lost(kind, before, after)
}

// lost tells what of a value is not in another one, which may have more.
func lost(path string, before, after any) error {
	switch before := before.(type) {
	case map[string]any:
		there, _ := after.(map[string]any)
		for key, value := range before {
			if err := lost(path+"."+key, value, there[key]); err != nil {
				return err
			}
		}
		return nil
	case []any:
		there, _ := after.([]any)
		if len(before) != len(there) {
			return fmt.Errorf("%s has %d elements, and then %d", path, len(before), len(there))
		}
		for i := range before {
			if err := lost(fmt.Sprintf("%s[%d]", path, i), before[i], there[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if !reflect.DeepEqual(before, after) && !sameDuration(before, after) {
		return fmt.Errorf("%s is %v, and then %v", path, before, after)
	}
	return nil
}

// sameDuration reports whether two texts are one duration: 1m is written as 1m0s again.
func sameDuration(before, after any) bool {
	a, err1 := time.ParseDuration(fmt.Sprint(before))
	b, err2 := time.ParseDuration(fmt.Sprint(after))
	return err1 == nil && err2 == nil && a == b
}
