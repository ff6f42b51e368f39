// Kubernetes' own kubelet, as its scale tests run it (kubemark), with its real prober and a runtime whose containers are
// processes of this machine. Volumes and cgroups are left out; images are never pulled.
//
//	kubelet KUBECONFIG NODE ADDRESS NETWORK EVENTS   is a node; its pods get addresses of NETWORK, such as 10.244.7
//	kubelet container                                is what runs in every container, see container.go
//
// What happens to containers is written to EVENTS, a line of JSON each.
package main

import (
	"context"
	"fmt"
	"os"

	cadvisorapi "github.com/google/cadvisor/lib/model"
	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	apitest "k8s.io/cri-api/pkg/apis/testing"
	"k8s.io/klog/v2"
	cadvisortest "k8s.io/kubernetes/pkg/kubelet/cadvisor/testing"
	"k8s.io/kubernetes/pkg/kubelet/cm"
	"k8s.io/kubernetes/pkg/kubemark"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 2 && os.Args[1] == "container":
		err = container()
	case len(os.Args) == 6:
		err = kubelet(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5])
	default:
		err = fmt.Errorf("usage: kubelet KUBECONFIG NODE ADDRESS NETWORK EVENTS")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func kubelet(kubeconfig, node, address, network, events string) error {
	access, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	access.QPS, access.Burst = 100, 200
	client, err := clientset.NewForConfig(access)
	if err != nil {
		return err
	}
	runtime, err := newRuntime(network, events)
	if err != nil {
		return err
	}
	flags, config := kubemark.GetHollowKubeletConfig(&kubemark.HollowKubeletOptions{NodeName: node, MaxPods: 100})
	flags.NodeIP = address
	config.EnableServer, config.Address, config.ReadOnlyPort, config.HealthzPort = false, "127.0.0.1", 0, 0
	hollow := kubemark.NewHollowKubelet(flags, config, client, client, machine{&cadvisortest.Fake{NodeName: node}}, images{apitest.NewFakeImageService()}, runtime, cm.NewStubContainerManager())
	hollow.KubeletDeps.ProbeManager = nil // the kubelet makes the real one
	hollow.Run(context.Background())
	return nil
}

// machine is large enough for whatever is scheduled.
type machine struct{ *cadvisortest.Fake }

func (machine) MachineInfo(klog.Logger) (*cadvisorapi.MachineInfo, error) {
	return &cadvisorapi.MachineInfo{NumCores: 1000, MemoryCapacity: 1 << 42}, nil
}

// images are there, and their user is not root, as Pod Security's restricted level wants it.
type images struct{ *apitest.FakeImageService }

func (i images) ImageStatus(ctx context.Context, image *runtimeapi.ImageSpec, verbose bool) (*runtimeapi.ImageStatusResponse, error) {
	response, err := i.FakeImageService.ImageStatus(ctx, image, verbose)
	if response.GetImage() != nil {
		response.Image.Uid = &runtimeapi.Int64Value{Value: 65532}
	}
	return response, err
}
