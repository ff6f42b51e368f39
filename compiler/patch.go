package compiler

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
		text, problem := patchText(patch, beside)
		if problem == "" {
			text, problem = complete(text, patched[target])
		}
		if problem != "" {
			list = append(list, p.diagnostic(diag.PatchUnreadable, path, "%s", problem))
			continue
		}
		result, err := kustomize(patched[target], text)
		if err != nil {
			list = append(list, p.diagnostic(diag.PatchFails, path, "kustomize cannot apply the patch: %s", firstLine(err)))
			continue
		}
		object, err := decodeLike(patched[target], result)
		if err != nil {
			list = append(list, p.diagnostic(diag.PatchResult, path, "the patched %s is not valid: %s", patch.Target.Kind, firstLine(err)))
			continue
		}
		p.secureAdded(patched[target].Value, object.Value)
		for _, what := range p.forbidden(patched[target].Value, object.Value) {
			list = append(list, p.diagnostic(diag.PatchForbidden, path, "the patch changes %s", what))
		}
		patched[target] = object
	}
	return patched, list, nil
}

func (p *RegionPlan) diagnostic(code diag.Code, path []string, format string, args ...any) diag.Diagnostic {
	return diag.New(code, p.Where(path...), fieldPath(path), format, args...)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	return line
}

// patchText returns a patch as YAML or JSON text: as it was written, from its file, or as JSON of a CUE value.
func patchText(patch schema.Patch, beside map[string][]byte) (text, problem string) {
	if patch.Path != "" {
		return string(beside[patch.Path]), ""
	}
	if text, err := patch.Patch.Value.String(); err == nil {
		return text, ""
	}
	data, err := patch.Patch.Value.MarshalJSON()
	if err != nil {
		return "", "the patch has a field without a value"
	}
	return string(data), ""
}

// complete puts kind and name into a strategic merge patch that leaves them out; a list is JSON 6902 and stays. A name
// or namespace that is not the target's is refused: kustomize would pass over it in silence.
func complete(text string, target manifest.Object) (string, string) {
	var doc any
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return "", "the patch is not YAML: " + firstLine(err)
	}
	switch doc := doc.(type) {
	case []any: // as JSON, because kustomize takes text that begins with a bracket for nothing else
		data, err := json.Marshal(doc)
		if err != nil {
			return "", "the patch cannot be read: " + firstLine(err)
		}
		return string(data), ""
	case map[string]any:
		apiVersion, kind := target.Value.GetObjectKind().GroupVersionKind().ToAPIVersionAndKind()
		if has, ok := doc["kind"]; ok && has != kind {
			return "", fmt.Sprintf("the patch is for a %v, its target is a %s", has, kind)
		}
		doc["apiVersion"], doc["kind"] = apiVersion, kind
		metadata, _ := doc["metadata"].(map[string]any)
		metadata = maps.Clone(metadata)
		if metadata == nil {
			metadata = map[string]any{}
		}
		for _, own := range [][2]string{{"name", target.Name()}, {"namespace", target.Namespace()}} {
			if has, ok := metadata[own[0]]; ok && has != own[1] {
				return "", fmt.Sprintf("the patch has the %s %v, its target has %s", own[0], has, own[1])
			}
		}
		metadata["name"] = target.Name()
		doc["metadata"] = metadata
		data, err := json.Marshal(doc)
		if err != nil {
			return "", "the patch cannot be read: " + firstLine(err)
		}
		return string(data), ""
	default:
		return "", "the patch is neither a struct nor a list of operations"
	}
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

// forbidden says what a patch changed that it may not: names, selectors, identity labels, the service account,
// security contexts, the use of Secrets that the application does not declare, and more containers.
func (p *RegionPlan) forbidden(before, after runtime.Object) []string {
	var list []string
	report := func(what string, a, b any) {
		if !cmp.Equal(a, b) {
			list = append(list, what)
		}
	}
	a, b := before.(metav1.ObjectMetaAccessor).GetObjectMeta(), after.(metav1.ObjectMetaAccessor).GetObjectMeta()
	report("the object's name", a.GetName(), b.GetName())
	report("the object's namespace", a.GetNamespace(), b.GetNamespace())
	report("identity labels", identityLabels(a.GetLabels()), identityLabels(b.GetLabels()))
	report("reserved labels", reservedKeys(a.GetLabels()), reservedKeys(b.GetLabels()))
	report("reserved annotations", reservedKeys(a.GetAnnotations()), reservedKeys(b.GetAnnotations()))
	switch after := after.(type) {
	case *appsv1.Deployment:
		list = append(list, p.forbiddenPod(before.(*appsv1.Deployment), after)...)
	case *autoscalingv2.HorizontalPodAutoscaler:
		report("what the autoscaler scales", before.(*autoscalingv2.HorizontalPodAutoscaler).Spec.ScaleTargetRef, after.Spec.ScaleTargetRef)
	case *policyv1.PodDisruptionBudget:
		report("the selector", before.(*policyv1.PodDisruptionBudget).Spec.Selector, after.Spec.Selector)
	}
	return list
}

func (p *RegionPlan) forbiddenPod(before, after *appsv1.Deployment) []string {
	var list []string
	report := func(what string, a, b any) {
		if !cmp.Equal(a, b) {
			list = append(list, what)
		}
	}
	a, b := before.Spec.Template, after.Spec.Template
	report("the selector", before.Spec.Selector, after.Spec.Selector)
	report("identity labels of the pods", identityLabels(a.Labels), identityLabels(b.Labels))
	report("reserved labels of the pods", reservedKeys(a.Labels), reservedKeys(b.Labels))
	report("reserved annotations of the pods", reservedKeys(a.Annotations), reservedKeys(b.Annotations))
	report("the service account", a.Spec.ServiceAccountName, b.Spec.ServiceAccountName)
	report("the service account", "", b.Spec.DeprecatedServiceAccount)
	report("the service account's token", a.Spec.AutomountServiceAccountToken, b.Spec.AutomountServiceAccountToken)
	report("the pods' security context", a.Spec.SecurityContext, b.Spec.SecurityContext)
	for _, c := range slices.Concat(b.Spec.InitContainers, b.Spec.Containers) {
		if diff := cmp.Diff(a.Spec.Containers[0].SecurityContext, explicit(c.SecurityContext)); diff != "" {
			list = append(list, "the security context of the container "+c.Name+"; leave it out for the application's own")
		}
	}
	declared := append(p.secretRefs(), p.pullSecret())
	for _, name := range podSecrets(b.Spec) {
		if !slices.Contains(declared, name) {
			list = append(list, "the use of the secret "+name+", which the application does not declare")
		}
	}
	if !slices.ContainsFunc(b.Spec.Containers, func(c corev1.Container) bool { return c.Name == p.Spec.Name }) {
		list = append(list, "the container "+p.Spec.Name)
	}
	return list
}

// secureAdded gives containers that a patch added, and that say nothing of it, the application's security context.
func (p *RegionPlan) secureAdded(before, after runtime.Object) {
	b, ok := after.(*appsv1.Deployment)
	if !ok {
		return
	}
	own := before.(*appsv1.Deployment).Spec.Template.Spec.Containers[0].SecurityContext
	for _, containers := range [][]corev1.Container{b.Spec.Template.Spec.InitContainers, b.Spec.Template.Spec.Containers} {
		for i := range containers {
			if containers[i].SecurityContext == nil {
				containers[i].SecurityContext = own.DeepCopy()
			}
		}
	}
}

// explicit leaves out of a security context what says no more than Kubernetes' default.
func explicit(s *corev1.SecurityContext) *corev1.SecurityContext {
	if s == nil {
		return nil
	}
	s = s.DeepCopy()
	if s.Privileged != nil && !*s.Privileged {
		s.Privileged = nil
	}
	if s.ProcMount != nil && *s.ProcMount == corev1.DefaultProcMount {
		s.ProcMount = nil
	}
	return s
}

func identityLabels(labels map[string]string) map[string]string {
	return map[string]string{labelName: labels[labelName], labelPartOf: labels[labelPartOf], labelManagedBy: labels[labelManagedBy]}
}

func reservedKeys(m map[string]string) map[string]string {
	kept := map[string]string{}
	for key, value := range m {
		if reservedBy(key) != "" && key != labelName && key != labelPartOf && key != labelManagedBy { // those are told by themselves
			kept[key] = value
		}
	}
	return kept
}

// podSecrets returns every Secret that a pod refers to.
func podSecrets(spec corev1.PodSpec) []string {
	var names []string
	for _, ref := range spec.ImagePullSecrets {
		names = append(names, ref.Name)
	}
	for _, v := range spec.Volumes {
		if v.Secret != nil {
			names = append(names, v.Secret.SecretName)
		}
		if v.Projected != nil {
			for _, source := range v.Projected.Sources {
				if source.Secret != nil {
					names = append(names, source.Secret.Name)
				}
			}
		}
		if v.CSI != nil && v.CSI.NodePublishSecretRef != nil {
			names = append(names, v.CSI.NodePublishSecretRef.Name)
		}
	}
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		for _, env := range c.Env {
			if env.ValueFrom != nil && env.ValueFrom.SecretKeyRef != nil {
				names = append(names, env.ValueFrom.SecretKeyRef.Name)
			}
		}
		for _, from := range c.EnvFrom {
			if from.SecretRef != nil {
				names = append(names, from.SecretRef.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
