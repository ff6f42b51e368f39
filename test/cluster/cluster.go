package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience is how long a server may take to become ready, on a machine that is busy with others.
const patience = 2 * time.Minute

// Cluster is a running control plane.
type Cluster struct {
	Minor Minor
	Admin *Client // may do everything

	folder    string // of keys, logs, data
	address   string // of the API server
	authority *authority
}

// Need ends a test that needs a cluster that was not built: as a failure where all must run, which is said by
// MERIDIAN_CLUSTER=all, and skipped elsewhere.
func Need(t testing.TB, m Minor, parts Parts) {
	t.Helper()
	missing := Missing(m, parts)
	if missing == "" {
		return
	}
	if os.Getenv("MERIDIAN_CLUSTER") == "all" {
		t.Fatalf("Kubernetes %s: not built: %s; run go run ./test/cluster/install %s", m.Name, missing, m.Name)
	}
	t.Skipf("Kubernetes %s: not built: %s; run go run ./test/cluster/install %s", m.Name, missing, m.Name)
}

// Start starts the parts of a cluster and waits until they are ready. They end with the test.
func Start(t testing.TB, m Minor, parts Parts) *Cluster {
	t.Helper()
	Need(t, m, parts)
	c := &Cluster{Minor: m, folder: t.TempDir(), address: loopback(t)}
	c.keys(t)
	c.serve(t)
	if parts&Controllers != 0 {
		c.control(t, parts&Kubelet != Kubelet)
	}
	if parts&Flux == Flux {
		c.flux(t)
	}
	return c
}

// keys makes the keys, certificates and configurations of all parts.
func (c *Cluster) keys(t testing.TB) {
	t.Helper()
	a, err := newAuthority(c.folder)
	if err == nil {
		err = a.server("apiserver")
	}
	if err == nil {
		_, err = a.pair("accounts")
	}
	c.authority = a
	for name, user := range map[string][]string{
		"admin":                   {"admin", "system:masters"},
		"kube-controller-manager": {"system:kube-controller-manager"},
		"kube-scheduler":          {"system:kube-scheduler"},
	} {
		if err == nil {
			err = a.user(name, user[0], user[1:]...)
		}
		if err == nil {
			err = c.configuration(name)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// configuration writes NAME.kubeconfig for a user who has NAME.crt and NAME.key.
func (c *Cluster) configuration(name string) error {
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: it, cluster: {server: "https://%s", certificate-authority: %[2]s/ca.crt}}]
users: [{name: me, user: {client-certificate: %[2]s/%[3]s.crt, client-key: %[2]s/%[3]s.key}}]
contexts: [{name: here, context: {cluster: it, user: me}}]
current-context: here
`, c.address, c.folder, name)
	return os.WriteFile(filepath.Join(c.folder, name+".kubeconfig"), []byte(text), 0o600)
}

// serve starts etcd and the API server.
func (c *Cluster) serve(t testing.TB) {
	t.Helper()
	client, peer := "http://"+loopback(t), "http://"+loopback(t)
	c.start(t, etcd(), nil, "--name=etcd", "--data-dir="+filepath.Join(c.folder, "etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls="+client, "--advertise-client-urls="+client,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=etcd="+peer)
	host, port, _ := strings.Cut(c.address, ":")
	server := c.start(t, component(c.Minor, "kube-apiserver"), nil,
		"--etcd-servers="+client, "--bind-address="+host, "--advertise-address="+host, "--secure-port="+port,
		"--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.0.0.0/16",
		"--authorization-mode=RBAC", "--allow-privileged=true", "--client-ca-file=ca.crt",
		"--tls-cert-file=apiserver.crt", "--tls-private-key-file=apiserver.key",
		"--requestheader-client-ca-file=ca.crt", "--requestheader-allowed-names=front-proxy", "--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group", "--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=accounts.pub", "--service-account-signing-key-file=accounts.key")
	admin, err := c.client("admin")
	if err != nil {
		t.Fatal(err)
	}
	c.Admin = admin
	server.until(t, "ready", patience, func() error { return admin.ready(t.Context()) })
}

// control starts the controller manager, the scheduler, and kwok with a node if wanted.
func (c *Cluster) control(t testing.TB, played bool) {
	t.Helper()
	manager := c.manager(t, "kube-controller-manager",
		"--use-service-account-credentials=true", "--service-account-private-key-file=accounts.key", "--root-ca-file=ca.crt",
		"--horizontal-pod-autoscaler-sync-period=2s")
	c.manager(t, "kube-scheduler")
	if played {
		c.play(t)
	}
	manager.until(t, "making accounts", patience, func() error {
		_, err := c.Admin.Get(t.Context(), "v1", "ServiceAccount", "default", "default")
		return err
	})
}

// manager starts one of Kubernetes' own programs that only asks the API server.
func (c *Cluster) manager(t testing.TB, name string, args ...string) *process {
	t.Helper()
	configuration := name + ".kubeconfig"
	return c.start(t, component(c.Minor, name), nil, append([]string{
		"--kubeconfig=" + configuration, "--authentication-kubeconfig=" + configuration, "--authorization-kubeconfig=" + configuration,
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", free(t)), "--leader-elect=false",
	}, args...)...)
}
