package cluster

import (
	"path/filepath"
	"testing"
)

// Traefik starts an ingress controller that reads ingress-nginx' annotations, and listens for HTTP and HTTPS at two
// addresses. Its client's address is the one that connects to it; who is trusted may say what its own client used.
func (c *Cluster) Traefik(t testing.TB, http, https, trusted string) {
	t.Helper()
	ping := loopback(t)
	started := c.start(t, traefik(), []string{"KUBECONFIG=" + filepath.Join(c.folder, "admin.kubeconfig")},
		"--providers.kubernetesingressnginx=true",
		"--providers.kubernetesingressnginx.httpentrypoint=web", "--providers.kubernetesingressnginx.httpsentrypoint=websecure",
		"--entrypoints.web.address="+http, "--entrypoints.websecure.address="+https, "--entrypoints.traefik.address="+ping,
		"--entrypoints.web.forwardedheaders.trustedips="+trusted,
		"--ping=true", "--global.checknewversion=false", "--global.sendanonymoususage=false", "--log.level=INFO")
	started.until(t, "ready", patience, func() error { return answers("http://" + ping + "/ping") })
}
