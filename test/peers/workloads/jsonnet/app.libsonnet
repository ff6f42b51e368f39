// The house's library: defaults in _config, which an application overrides.
{
  _config:: {
    name: error '_config.name is required',
    image: error '_config.image is required',
    replicas: 2,
    port: 8080,
    readiness: { path: '/ready', periodSeconds: 10 },
    gracePeriodSeconds: 30,
    allowFrom: [],
  },

  local c = $._config,
  local labels = { 'app.kubernetes.io/name': c.name },

  deployment: {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: c.name },
    spec: {
      replicas: c.replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels: labels },
        spec: {
          terminationGracePeriodSeconds: c.gracePeriodSeconds,
          containers: [{
            name: 'app',
            image: c.image,
            ports: [{ name: 'web', containerPort: c.port }],
            readinessProbe: {
              httpGet: { path: c.readiness.path, port: 'web' },
              periodSeconds: c.readiness.periodSeconds,
            },
          }],
        },
      },
    },
  },

  networkPolicy: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: c.name },
    spec: {
      podSelector: { matchLabels: labels },
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ ipBlock: { cidr: cidr } } for cidr in c.allowFrom] }],
    },
  },
}
