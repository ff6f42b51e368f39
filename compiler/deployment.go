package compiler

import (
	"cmp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/schema"
)

// deployment is the application itself (S1, S8, S9, S14–S16). Its pods satisfy Pod Security's restricted profile.
func (p *RegionPlan) deployment(config []configFile) manifest.Object {
	s := p.Spec
	meta := p.meta(s.Name)
	meta.Labels = union(s.Labels, meta.Labels)
	meta.Annotations = union(s.Annotations, map[string]string{annotationOwner: s.Owner})
	spec := appsv1.DeploymentSpec{
		Selector:                &metav1.LabelSelector{MatchLabels: p.selector()},
		Strategy:                strategy(s.Rollout),
		MinReadySeconds:         s.Rollout.MinReadySeconds,
		RevisionHistoryLimit:    ptr(s.Rollout.RevisionHistoryLimit),
		ProgressDeadlineSeconds: ptr(s.Rollout.ProgressDeadlineSeconds),
		Template:                p.podTemplate(config),
	}
	if s.Autoscale == nil { // with an autoscaler, every sync would put the number back
		spec.Replicas = s.Replicas
	}
	return manifest.Object{File: "deployment.yaml", Value: &appsv1.Deployment{TypeMeta: typeMeta("apps/v1", "Deployment"), ObjectMeta: meta, Spec: spec}}
}

func strategy(r schema.Rollout) appsv1.DeploymentStrategy {
	if r.Strategy == "Recreate" {
		return appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
	}
	return appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: &appsv1.RollingUpdateDeployment{
		MaxUnavailable: countOrPercent(r.MaxUnavailable),
		MaxSurge:       countOrPercent(r.MaxSurge),
	}}
}

func (p *RegionPlan) podTemplate(config []configFile) corev1.PodTemplateSpec {
	s := p.Spec
	annotations := s.Annotations
	if digest := configDigest(config); digest != "" {
		annotations = union(annotations, map[string]string{annotationConfig: digest})
	}
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: union(s.Labels, p.identity()), Annotations: annotations},
		Spec: corev1.PodSpec{
			Containers:                    []corev1.Container{p.container(config)},
			ServiceAccountName:            s.Name,
			AutomountServiceAccountToken:  ptr(false),
			EnableServiceLinks:            ptr(false),
			ImagePullSecrets:              []corev1.LocalObjectReference{{Name: p.pullSecret()}},
			TerminationGracePeriodSeconds: ptr(s.Shutdown.GracePeriodSeconds),
			TopologySpreadConstraints:     p.spread(),
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot:   ptr(true),
				RunAsUser:      ptr(s.User),
				RunAsGroup:     ptr(s.User),
				FSGroup:        ptr(s.User),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Volumes: p.volumes(config),
		},
	}
}

// pullSecret is the registry credential: the image's own for a foreign registry, else the space's (S6).
func (p *RegionPlan) pullSecret() string { return cmp.Or(p.Spec.Image.PullSecret, p.Space.PullSecret) }

// imageReference is <the region's registry>/<project>/<name>:<tag>, or the full reference that was given (S1).
func (p *RegionPlan) imageReference() string {
	image := p.Spec.Image
	if image.Reference != "" {
		return image.Reference
	}
	version := ":" + image.Tag
	if image.Digest != "" {
		version = "@" + image.Digest
	}
	return p.Region.Registry + "/" + cmp.Or(image.Project, p.Platform.Projects[0]) + "/" + image.Name + version
}

func (p *RegionPlan) container(config []configFile) corev1.Container {
	s := p.Spec
	c := corev1.Container{
		Name:         s.Name,
		Image:        p.imageReference(),
		Command:      s.Command,
		Args:         s.Args,
		Env:          p.env(),
		EnvFrom:      p.envFrom(),
		Resources:    resources(s.Resources),
		VolumeMounts: p.mounts(config),
		Lifecycle:    p.lifecycle(),
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: ptr(false),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			ReadOnlyRootFilesystem:   ptr(true),
		},
	}
	for _, name := range sortedKeys(s.Ports) {
		port := s.Ports[name]
		c.Ports = append(c.Ports, corev1.ContainerPort{Name: name, ContainerPort: port.Port, Protocol: corev1.Protocol(port.Protocol)})
	}
	p.probes(&c)
	return c
}

// env is sorted by name, so that the order in app.cue never restarts a pod; a variable whose value refers to
// another with $(NAME) comes after it, because Kubernetes expands only what it has seen.
func (p *RegionPlan) env() []corev1.EnvVar {
	var list []corev1.EnvVar
	done := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		source, ok := p.Spec.Env[name]
		if !ok || done[name] {
			return
		}
		done[name] = true
		if source.Value != nil {
			for _, other := range expansions(*source.Value) {
				visit(other)
			}
		}
		list = append(list, envVar(name, source))
	}
	for _, name := range sortedKeys(p.Spec.Env) {
		visit(name)
	}
	return list
}

// expansions returns the names in a value's $(NAME), in order.
func expansions(value string) []string {
	var names []string
	for {
		_, rest, ok := strings.Cut(value, "$(")
		if !ok {
			return names
		}
		name, after, ok := strings.Cut(rest, ")")
		if !ok {
			return names
		}
		names, value = append(names, name), after
	}
}

func envVar(name string, source schema.EnvSource) corev1.EnvVar {
	v := corev1.EnvVar{Name: name}
	switch {
	case source.Value != nil:
		v.Value = *source.Value
	case source.Secret != nil:
		v.ValueFrom = &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: source.Secret.Name}, Key: source.Secret.Key, Optional: optional(source.Secret.Optional)}}
	case source.ConfigMap != nil:
		v.ValueFrom = &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: source.ConfigMap.Name}, Key: source.ConfigMap.Key, Optional: optional(source.ConfigMap.Optional)}}
	default:
		v.ValueFrom = &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: source.Field}}
	}
	return v
}

func optional(yes bool) *bool {
	if yes {
		return ptr(true)
	}
	return nil
}

func (p *RegionPlan) envFrom() []corev1.EnvFromSource {
	var list []corev1.EnvFromSource
	for _, from := range p.Spec.EnvFrom {
		source := corev1.EnvFromSource{Prefix: from.Prefix}
		if from.Secret != "" {
			source.SecretRef = &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: from.Secret}, Optional: optional(from.Optional)}
		} else {
			source.ConfigMapRef = &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: from.ConfigMap}, Optional: optional(from.Optional)}
		}
		list = append(list, source)
	}
	return list
}

func resources(r schema.Resources) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{Requests: amounts(r.Requests), Limits: amounts(r.Limits)}
}

func amounts(a schema.Amounts) corev1.ResourceList {
	list := corev1.ResourceList{}
	for name, text := range map[corev1.ResourceName]string{corev1.ResourceCPU: a.CPU, corev1.ResourceMemory: a.Memory, corev1.ResourceEphemeralStorage: a.EphemeralStorage} {
		if text != "" {
			list[name] = resource.MustParse(text)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list
}

// spread keeps the pods of a version apart, over zones where the region has several, and over nodes.
func (p *RegionPlan) spread() []corev1.TopologySpreadConstraint {
	if maxPods(p.Spec) < 2 {
		return nil
	}
	var list []corev1.TopologySpreadConstraint
	add := func(key, action string) {
		if action != "None" {
			list = append(list, corev1.TopologySpreadConstraint{
				MaxSkew:           1,
				TopologyKey:       key,
				WhenUnsatisfiable: corev1.UnsatisfiableConstraintAction(action),
				LabelSelector:     &metav1.LabelSelector{MatchLabels: p.selector()},
				MatchLabelKeys:    []string{"pod-template-hash"},
			})
		}
	}
	if p.Region.Zones > 1 {
		add(corev1.LabelTopologyZone, p.Spec.Spread.Zones)
	}
	add(corev1.LabelHostname, p.Spec.Spread.Nodes)
	return list
}

// secretRefs returns the Secrets that the pods use, sorted, without the registry credential.
func (p *RegionPlan) secretRefs() []string {
	var names []string
	for _, source := range p.Spec.Env {
		if source.Secret != nil {
			names = append(names, source.Secret.Name)
		}
	}
	for _, from := range p.Spec.EnvFrom {
		if from.Secret != "" {
			names = append(names, from.Secret)
		}
	}
	for _, file := range p.Spec.Files {
		if file.Secret != nil {
			names = append(names, file.Secret.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
