package compiler

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/schema"
)

// maxConfig is what etcd admits in one object, less what the object itself needs.
const maxConfig = 1<<20 - 1<<12

// configFile is a file whose content is in app.cue or beside it.
type configFile struct {
	path string // in the container
	key  string // in the ConfigMap
	data []byte
}

// configFiles returns the files that go into the application's ConfigMap, sorted by path.
func (p *RegionPlan) configFiles(beside map[string][]byte) ([]configFile, []diag.Diagnostic) {
	var files []configFile
	var list []diag.Diagnostic
	total := 0
	keys := map[string]bool{}
	for _, path := range sortedKeys(p.Spec.Files) {
		file := p.Spec.Files[path]
		var data []byte
		switch {
		case file.Content != nil:
			data = []byte(*file.Content)
		case file.File != "":
			content, ok := beside[file.File]
			if !ok {
				list = append(list, diag.New(diag.BesideFile, p.Where("files", path, "file"), fieldPath([]string{"files", path, "file"}), "%s was not read", file.File))
			}
			data = content
		default:
			continue
		}
		total += len(data)
		key := dataKey(path)
		if keys[key] {
			key += "." + shortHash(path)
		}
		keys[key] = true
		files = append(files, configFile{path, key, data})
	}
	if total > maxConfig {
		list = append(list, diag.New(diag.ConfigTooLarge, p.Where("files"), "files", "the files together have %d bytes; a ConfigMap holds %d", total, maxConfig))
	}
	return files, list
}

// dataKey makes a ConfigMap key of a path: /etc/app/config.yaml → etc.app.config.yaml.
func dataKey(path string) string {
	key := strings.Map(func(r rune) rune {
		switch {
		case r == '/':
			return '.'
		case r == '-' || r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			return r
		}
		return '_'
	}, strings.TrimPrefix(path, "/"))
	if strings.HasPrefix(key, "..") || len(key) > 200 {
		return "file." + shortHash(path)
	}
	return key
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// configDigest changes when a file does, so that the pods are replaced; empty without files.
func configDigest(files []configFile) string {
	if len(files) == 0 {
		return ""
	}
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%s %d\n", f.key, len(f.data))
		h.Write(f.data)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

func (p *RegionPlan) configName() string { return p.Spec.Name + "-config" }

// configMap has a fixed name: the pods find it by their annotation's change, not by a name that leaves old ones behind.
func (p *RegionPlan) configMap(files []configFile) []manifest.Object {
	if len(files) == 0 {
		return nil
	}
	config := &corev1.ConfigMap{TypeMeta: typeMeta("v1", "ConfigMap"), ObjectMeta: p.meta(p.configName())}
	for _, f := range files {
		if writable(f.data) {
			if config.Data == nil {
				config.Data = map[string]string{}
			}
			config.Data[f.key] = string(f.data)
			continue
		}
		if config.BinaryData == nil {
			config.BinaryData = map[string][]byte{}
		}
		config.BinaryData[f.key] = f.data
	}
	return []manifest.Object{{File: "configmap.yaml", Value: config}}
}

// writable reports whether a content that is written as text comes through kustomize, which Flux builds with: it fails on
// DEL, the controls above it and two non-characters, even where they are escaped, and makes a space of NEL.
func writable(data []byte) bool {
	return utf8.Valid(data) && !bytes.ContainsFunc(data, func(r rune) bool {
		return r == 0 || r >= 0x7F && r <= 0x9F || r == 0xFFFE || r == 0xFFFF
	})
}

// volumes are the ConfigMap of config files, Secrets and ConfigMaps of others, and scratch folders (S9): no
// claim to a disk and nothing of the node's.
func (p *RegionPlan) volumes(config []configFile) []corev1.Volume {
	var list []corev1.Volume
	if len(config) > 0 {
		list = append(list, corev1.Volume{Name: "config", VolumeSource: corev1.VolumeSource{
			ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: p.configName()}},
		}})
	}
	seen := map[string]bool{}
	for _, path := range sortedKeys(p.Spec.Files) {
		file := p.Spec.Files[path]
		name := refVolume(file)
		if name == "" || seen[name] {
			continue
		}
		seen[name] = true
		source := corev1.VolumeSource{}
		if file.Secret != nil {
			source.Secret = &corev1.SecretVolumeSource{SecretName: file.Secret.Name}
		} else {
			source.ConfigMap = &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: file.ConfigMap.Name}}
		}
		list = append(list, corev1.Volume{Name: name, VolumeSource: source})
	}
	for _, path := range sortedKeys(p.Spec.Scratch) {
		scratch := p.Spec.Scratch[path]
		dir := &corev1.EmptyDirVolumeSource{SizeLimit: ptr(resource.MustParse(scratch.Size))}
		if scratch.Memory {
			dir.Medium = corev1.StorageMediumMemory
		}
		list = append(list, corev1.Volume{Name: scratchVolume(path), VolumeSource: corev1.VolumeSource{EmptyDir: dir}})
	}
	return list
}

// refVolume names the volume of a file that comes from a Secret or a ConfigMap of others, or "".
func refVolume(f schema.File) string {
	switch {
	case f.Secret != nil:
		return volumeName("secret-", f.Secret.Name)
	case f.ConfigMap != nil:
		return volumeName("configmap-", f.ConfigMap.Name)
	}
	return ""
}

func scratchVolume(path string) string {
	return volumeName("scratch-", strings.TrimPrefix(path, "/"))
}

// volumeName makes an RFC 1123 label of at most 63 characters; what had to be changed for that is told apart by a hash.
func volumeName(prefix, name string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, name)
	full := prefix + clean
	if clean == name && len(full) <= 63 && !strings.HasSuffix(full, "-") {
		return full
	}
	keep := min(len(clean), 63-len(prefix)-9)
	return prefix + strings.Trim(clean[:keep], "-") + "-" + shortHash(name)
}

// mounts puts every file and folder at its place. A file is mounted by itself, so that it hides no other.
func (p *RegionPlan) mounts(config []configFile) []corev1.VolumeMount {
	var list []corev1.VolumeMount
	for _, f := range config {
		list = append(list, corev1.VolumeMount{Name: "config", MountPath: f.path, SubPath: f.key, ReadOnly: true})
	}
	for path, file := range p.Spec.Files {
		if name := refVolume(file); name != "" {
			list = append(list, corev1.VolumeMount{Name: name, MountPath: path, SubPath: cmp.Or(file.Secret, file.ConfigMap).Key, ReadOnly: true})
		}
	}
	for path := range p.Spec.Scratch {
		list = append(list, corev1.VolumeMount{Name: scratchVolume(path), MountPath: path})
	}
	slices.SortFunc(list, func(a, b corev1.VolumeMount) int { return strings.Compare(a.MountPath, b.MountPath) })
	return list
}
