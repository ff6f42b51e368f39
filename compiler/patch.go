package compiler

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/resid"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/schema"
)

// patch runs the application's kustomize patches over its Deployment, HorizontalPodAutoscaler and
// PodDisruptionBudget, one after the other, and decodes the result strictly into the typed objects. Kustomize is
// slow, so it runs only for an application that has patches.
func (p *RegionPlan) patch(objects []manifest.Object, beside map[string][]byte) ([]manifest.Object, []diag.Diagnostic, error) {
	var list []diag.Diagnostic
	patched := slices.Clone(objects)
	for i, patch := range p.Spec.Patches {
		path := []string{"patches", strconv.Itoa(i)}
		target := slices.IndexFunc(patched, func(o manifest.Object) bool { return o.Kind() == patch.Target.Kind })
		if target < 0 {
			list = append(list, p.diagnostic(diag.PatchNoTarget, append(path, "target", "kind"), "the application has no %s to patch", patch.Target.Kind))
			continue
		}
		if _, ok := beside[patch.Path]; !ok && patch.Path != "" {
			list = append(list, p.diagnostic(diag.BesideFile, append(path, "path"), "%s was not read", patch.Path))
			continue
		}
		object, problems, err := p.patchOne(i, patched[target], beside)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, problems...)
		if !diag.HasErrors(problems) {
			patched[target] = object
		}
	}
	return patched, list, nil
}

// patchOne applies one patch to its target.
func (p *RegionPlan) patchOne(i int, target manifest.Object, beside map[string][]byte) (manifest.Object, []diag.Diagnostic, error) {
	add := func(code diag.Code, part []string, format string, args ...any) diag.Diagnostic {
		return diag.New(code, p.patchPlace(i, beside, part), fieldPath([]string{"patches", strconv.Itoa(i)}), format, args...)
	}
	text, problem := patchText(p.Spec.Patches[i], beside)
	if problem != nil {
		d := add(diag.PatchUnreadable, problem.part, "%s", problem.text)
		if problem.line > 0 {
			d.Pos = p.patchLine(i, text, problem.line)
		}
		return target, []diag.Diagnostic{d}, nil
	}
	text, problem = complete(text, target)
	if problem != nil {
		return target, []diag.Diagnostic{add(diag.PatchUnreadable, problem.part, "%s", problem.text)}, nil
	}
	result, err := kustomize(target, text)
	if err != nil {
		n := failingOperation(target, text)
		d := add(diag.PatchFails, nil, "the patch does not apply: %s", firstLine(err))
		if operations := p.patchTree(i, beside).ItemList(); n < len(operations) {
			d.Pos = operations[n].Where("path")
		}
		return target, []diag.Diagnostic{d}, nil
	}
	object, err := decodeLike(target, result)
	if err != nil {
		part, words := undecodable(err)
		return target, []diag.Diagnostic{add(diag.PatchResult, part, "the patched %s is not valid: %s", target.Kind(), words)}, nil
	}
	p.secureAdded(target.Value, object.Value)
	var list []diag.Diagnostic
	for _, change := range p.forbidden(target.Value, object.Value) {
		list = append(list, add(diag.PatchForbidden, change.part, "the patch changes %s", change.what))
	}
	return object, list, nil
}

// failingOperation returns the index of the first operation of a JSON 6902 patch that does not apply. What fails with n
// operations fails with more, so that a patch of thousands costs a dozen runs of kustomize and not as many as it has.
func failingOperation(target manifest.Object, text string) int {
	var operations []json.RawMessage
	if json.Unmarshal([]byte(text), &operations) != nil {
		return 0
	}
	return sort.Search(len(operations), func(n int) bool {
		data, err := json.Marshal(operations[:n+1])
		if err != nil {
			return true
		}
		_, err = kustomize(target, string(data))
		return err != nil
	})
}

// undecodable puts what a strict decoder says of a patched object into words, and names the part it is about.
func undecodable(err error) (part []string, words string) {
	names := func(field string) []string { return strings.Split(indices().ReplaceAllString(field, ""), ".") }
	if found := unknownField().FindStringSubmatch(err.Error()); found != nil {
		return names(found[1]), "there is no field " + found[1]
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return names(wrong.Field), fmt.Sprintf("%s cannot be a %s", wrong.Field, wrong.Value)
	}
	return nil, firstLine(errors.Unwrap(err))
}

var (
	unknownField = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`unknown field "([^"]+)"`) })
	indices      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[\d+\]`) })
)

func (p *RegionPlan) diagnostic(code diag.Code, path []string, format string, args ...any) diag.Diagnostic {
	return diag.New(code, p.Where(path...), fieldPath(path), format, args...)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	return line
}

// patchProblem is why a patch cannot be read.
type patchProblem struct {
	text string
	part []string // of the patch; empty for all of it
	line int      // of its text; 0 when it is not known
}

// patchText returns a patch as YAML or JSON text: as it was written, from its file, or as JSON of a CUE value.
func patchText(patch schema.Patch, beside map[string][]byte) (string, *patchProblem) {
	text := string(beside[patch.Path])
	if patch.Path == "" {
		var err error
		if text, err = patch.Patch.Value.String(); err != nil {
			data, err := patch.Patch.Value.MarshalJSON()
			if err != nil {
				return "", &patchProblem{text: "the patch has a field without a value"}
			}
			return string(data), nil
		}
	}
	var doc any
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		line, words := yamlError(err)
		return text, &patchProblem{text: "the patch is not YAML: " + words, line: line}
	}
	return text, nil
}

// yamlError parts an error of the YAML reader into the line and what it says.
func yamlError(err error) (int, string) {
	words := strings.TrimPrefix(firstLine(err), "yaml: ")
	if wrong := (*yaml.TypeError)(nil); errors.As(err, &wrong) && len(wrong.Errors) > 0 {
		words = wrong.Errors[0]
	}
	var line int
	if n, _ := fmt.Sscanf(words, "line %d:", &line); n == 1 {
		_, words, _ = strings.Cut(words, ": ")
	}
	return line, words
}

// complete puts kind and name into a strategic merge patch that leaves them out; a list is JSON 6902 and stays. A name
// or namespace that is not the target's is refused: kustomize would pass over it in silence.
func complete(text string, target manifest.Object) (string, *patchProblem) {
	var doc any
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return "", &patchProblem{text: "the patch is not YAML: " + firstLine(err)}
	}
	switch merge := doc.(type) {
	case []any: // as JSON, because kustomize takes text that begins with a bracket for nothing else
	case map[string]any:
		if problem := addressTo(merge, target); problem != nil {
			return "", problem
		}
	default:
		return "", &patchProblem{text: "the patch is neither a struct nor a list of operations"}
	}
	data, err := json.Marshal(doc)
	if err != nil {
		return "", &patchProblem{text: "the patch cannot be read: " + firstLine(err)}
	}
	return string(data), nil
}

// addressTo puts the target's kind and name into a strategic merge patch.
func addressTo(patch map[string]any, target manifest.Object) *patchProblem {
	apiVersion, kind := target.Value.GetObjectKind().GroupVersionKind().ToAPIVersionAndKind()
	if has, ok := patch["kind"]; ok && has != kind {
		return &patchProblem{text: fmt.Sprintf("the patch is for a %v, its target is a %s", has, kind), part: []string{"kind"}}
	}
	patch["apiVersion"], patch["kind"] = apiVersion, kind
	metadata, _ := patch["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	if metadata == nil {
		metadata = map[string]any{}
	}
	for _, own := range [][2]string{{"name", target.Name()}, {"namespace", target.Namespace()}} {
		if has, ok := metadata[own[0]]; ok && has != own[1] {
			return &patchProblem{text: fmt.Sprintf("the patch has the %s %v, its target has %s", own[0], has, own[1]), part: []string{"metadata", own[0]}}
		}
	}
	metadata["name"] = target.Name()
	patch["metadata"] = metadata
	return nil
}

// kustomize applies one patch to one object, in memory.
func kustomize(target manifest.Object, patch string) ([]byte, error) {
	resource, err := manifest.Encode(target.Value)
	if err != nil {
		return nil, err
	}
	gvk := target.Value.GetObjectKind().GroupVersionKind()
	kustomization, err := json.Marshal(types.Kustomization{
		TypeMeta:  types.TypeMeta{APIVersion: types.KustomizationVersion, Kind: types.KustomizationKind},
		Resources: []string{"resource.yaml"},
		Patches: []types.Patch{{
			Patch:  patch,
			Target: &types.Selector{ResId: resid.NewResId(resid.NewGvk(gvk.Group, gvk.Version, gvk.Kind), target.Name())},
		}},
	})
	if err != nil {
		return nil, err
	}
	disk := filesys.MakeFsInMemory()
	if err := disk.WriteFile("/resource.yaml", resource); err != nil {
		return nil, err
	}
	if err := disk.WriteFile("/kustomization.yaml", kustomization); err != nil {
		return nil, err
	}
	result, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, "/")
	if err != nil {
		return nil, err
	}
	return result.AsYaml()
}

func decodeLike(target manifest.Object, data []byte) (manifest.Object, error) {
	var value runtime.Object
	switch target.Value.(type) {
	case *appsv1.Deployment:
		value = &appsv1.Deployment{}
	case *autoscalingv2.HorizontalPodAutoscaler:
		value = &autoscalingv2.HorizontalPodAutoscaler{}
	case *policyv1.PodDisruptionBudget:
		value = &policyv1.PodDisruptionBudget{}
	default:
		return manifest.Object{}, fmt.Errorf("a %s is not patched", target.Kind())
	}
	if err := manifest.Decode(data, value); err != nil {
		return manifest.Object{}, err
	}
	return manifest.Object{File: target.File, Value: value}, nil
}
