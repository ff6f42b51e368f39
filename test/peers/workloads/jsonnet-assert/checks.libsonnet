// The house's rules on _config, as object assertions: they hold for whatever an application overrides.
{
  local c = $._config,
  local known = std.set(['name', 'image', 'replicas', 'port', 'readiness', 'gracePeriodSeconds', 'allowFrom']),
  local unknown = std.setDiff(std.objectFieldsAll(c), known),
  local between(x, low, high) = std.isNumber(x) && x == std.floor(x) && x >= low && x <= high,
  local isCIDR(x) =
    local parts = std.split(x, '/');
    local octets = std.split(parts[0], '.');
    std.length(parts) == 2 && std.length(octets) == 4 &&
    std.all([between(std.parseInt(o), 0, 255) for o in octets]) &&
    between(std.parseInt(parts[1]), 0, 32),

  assert unknown == [] : 'unknown fields in _config: %s' % std.join(', ', unknown),
  assert between(c.replicas, 0, 10000) : 'replicas must be a number from 0 to 10000, not %s' % std.manifestJsonMinified(c.replicas),
  assert between(c.port, 1, 65535) : 'port must be a number from 1 to 65535, not %s' % std.manifestJsonMinified(c.port),
  assert between(c.readiness.periodSeconds, 1, 86400) : 'readiness.periodSeconds must be a number from 1 to 86400, not %s' % std.manifestJsonMinified(c.readiness.periodSeconds),
  assert between(c.gracePeriodSeconds, 0, 86400) : 'gracePeriodSeconds must be a number from 0 to 86400, not %s' % std.manifestJsonMinified(c.gracePeriodSeconds),
  assert std.all([isCIDR(x) for x in c.allowFrom]) : 'allowFrom must be IPv4 ranges in CIDR form, not %s' % std.manifestJsonMinified(c.allowFrom),
}
