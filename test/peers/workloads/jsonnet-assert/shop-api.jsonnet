local app = (import 'app.libsonnet') + (import 'checks.libsonnet');

app {
  _config+:: {
    name: 'shop-api',
    image: 'registry.mydomain.com/shop-api:1.4.2',
    replicas: 3,
    readiness+: {
      path: '/ready',
      periodSeconds: 5,
    },
    gracePeriodSeconds: 60,
    allowFrom: ['10.10.1.0/24'],
  },
}
