package cluster

import (
	"fmt"
	"slices"
	"strings"
)

// Minors are the minor versions of Kubernetes that can be run, newest first, with the release that is.
var Minors = []Minor{
	{Name: "1.37", Release: "v1.37.2"},
	{Name: "1.36", Release: "v1.36.4"},
	{Name: "1.35", Release: "v1.35.8"},
	{Name: "1.34", Release: "v1.34.2"},
}

// Minor is a minor version of Kubernetes.
type Minor struct {
	Name    string // 1.37
	Release string // v1.37.2, a version of the module k8s.io/kubernetes
}

// MinorOf returns the minor version of a name: 1.36, newest or oldest.
func MinorOf(name string) (Minor, error) {
	switch name {
	case "newest":
		return Minors[0], nil
	case "oldest":
		return Minors[len(Minors)-1], nil
	}
	i := slices.IndexFunc(Minors, func(m Minor) bool { return m.Name == name })
	if i < 0 {
		return Minor{}, fmt.Errorf("version %s of Kubernetes is not among those that can be run", name)
	}
	return Minors[i], nil
}

// MinorsOf returns the minor versions of names, or all of them for the one name all.
func MinorsOf(names ...string) ([]Minor, error) {
	if slices.Equal(names, []string{"all"}) {
		return Minors, nil
	}
	var list []Minor
	for _, name := range names {
		minor, err := MinorOf(name)
		if err != nil {
			return nil, err
		}
		list = append(list, minor)
	}
	return list, nil
}

// staging is the version of the modules that are released with Kubernetes: v0.37.2 with v1.37.2.
func (m Minor) staging() string { return "v0" + strings.TrimPrefix(m.Release, "v1") }

// recipe is for programs of Kubernetes' own packages.
func (m Minor) recipe() recipe {
	return recipe{
		require:  []string{"k8s.io/kubernetes " + m.Release},
		replaces: "k8s.io/kubernetes@" + m.Release, release: m.staging(),
	}
}

// program is a server or a tool that is built from Go modules.
type program struct {
	name    string // of the file
	version string // in the name of the folder that it is kept in
	module  recipe
	path    string            // of the package that is built; "." for the module's own
	sources map[string]string // files of the module's own main package, if path is "."
	set     []string          // values for the linker's -X
	keep    []string          // patterns of files of the first module required, which are kept beside the program
}

// recipe says what the go.mod of a module holds that builds programs.
type recipe struct {
	require  []string // module version
	replace  []string // module => module version
	replaces string   // a module version whose own replacements by folders are taken from their releases
	release  string   // of those
	exclude  []string // module version
	local    []local
}

// local is a module that is replaced by a folder: written here, or another release with changed files.
type local struct {
	path    string
	of      string            // module@version that it begins as, if any
	without []string          // folders of that
	files   map[string]string // by path
}

// The versions of what is not Kubernetes. The etcd is the one that the newest Kubernetes is released with.
const (
	etcdVersion                = "v3.7.0"
	kwokVersion                = "v0.8.0"
	sourceControllerVersion    = "v1.9.3"
	kustomizeControllerVersion = "v1.9.5"
	traefikVersion             = "v3.7.13"
)

const etcdMain = `package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
`

// etcd is the store of every API server.
func etcd() program {
	return program{
		name: "etcd", version: etcdVersion, path: ".", sources: map[string]string{"main.go": etcdMain},
		module: recipe{require: []string{"go.etcd.io/etcd/server/v3 " + etcdVersion}},
	}
}

// component is a program of Kubernetes itself.
func component(m Minor, name string) program {
	p := program{name: name, version: m.Release, path: "k8s.io/kubernetes/cmd/" + name, module: m.recipe()}
	_, minor, _ := strings.Cut(m.Name, ".")
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		p.set = append(p.set, pkg+".gitVersion="+m.Release, pkg+".gitMajor=1", pkg+".gitMinor="+minor, pkg+".gitTreeState=clean")
	}
	return p
}

// kwok plays the kubelet: its nodes run nothing, and say that they do.
func kwok() program {
	return program{
		name: "kwok", version: kwokVersion, path: "sigs.k8s.io/kwok/cmd/kwok",
		module: recipe{require: []string{"sigs.k8s.io/kwok " + kwokVersion}},
		set:    []string{"sigs.k8s.io/kwok/pkg/consts.Version=" + kwokVersion},
		keep: []string{
			"kustomize/stage/node/fast/node-initialize.yaml",
			"kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
			"kustomize/stage/pod/fast/pod-*.yaml",
		},
	}
}

// digest is what Flux' controllers replace go-digest by, in their own go.mod.
const digest = "github.com/opencontainers/go-digest => github.com/opencontainers/go-digest v1.0.1-0.20220411205349-bde1400a84be"

// controller is one of Flux' controllers.
func controller(name, module, version string, replace ...string) program {
	return program{
		name: name, version: version, path: module,
		module: recipe{require: []string{module + " " + version}, replace: append([]string{digest}, replace...)},
		keep:   []string{"config/crd/bases/*.yaml"},
	}
}

func sourceController() program {
	return controller("source-controller", "github.com/fluxcd/source-controller", sourceControllerVersion)
}

func kustomizeController() program {
	return controller("kustomize-controller", "github.com/fluxcd/kustomize-controller", kustomizeControllerVersion,
		"sigs.k8s.io/kustomize/api => sigs.k8s.io/kustomize/api v0.21.1",
		"sigs.k8s.io/kustomize/kyaml => sigs.k8s.io/kustomize/kyaml v0.21.1",
		"gopkg.in/yaml.v3 => gopkg.in/yaml.v3 v3.0.1")
}

// traefik is an ingress controller that reads ingress-nginx' annotations. Its certificates by ACME would need the SDKs of
// a hundred DNS providers, which nothing here asks for; its extensions are in no module.
func traefik() program {
	return program{
		name: "traefik", version: traefikVersion, path: "github.com/traefik/traefik/v3/cmd/traefik",
		module: recipe{
			require: []string{
				"github.com/traefik/traefik/v3 " + traefikVersion, "github.com/go-acme/lego/v5 v5.4.1",
				"github.com/traefik/traefik/dynamic/ext v0.0.0-00010101000000-000000000000",
			},
			replace: []string{
				"github.com/abbot/go-http-auth => github.com/containous/go-http-auth v0.4.1-0.20200324110947-a37a7636d23e",
				"github.com/gorilla/mux => github.com/containous/mux v0.0.0-20250523120546-41b6ec3aed59",
			},
			exclude: []string{"github.com/tencentcloud/tencentcloud-sdk-go v3.0.83+incompatible"},
			local: []local{
				{
					path: "github.com/go-acme/lego/v5", of: "github.com/go-acme/lego/v5@v5.4.1",
					without: []string{"cmd", "e2e", "providers/dns"},
					files:   map[string]string{"providers/dns/dns.go": dnsProviders},
				},
				{path: "github.com/traefik/traefik/dynamic/ext", files: map[string]string{
					"go.mod": "module github.com/traefik/traefik/dynamic/ext\n\ngo 1.26.0\n",
					"ext.go": "package ext\n\ntype (\n\tHTTP   struct{}\n\tRouter struct{}\n)\n",
				}},
			},
		},
	}
}

const dnsProviders = `package dns

import (
	"fmt"

	"github.com/go-acme/lego/v5/challenge"
)

func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	return nil, fmt.Errorf("%s is left out", name)
}
`
