package random

// healthRules draw checks and hooks of ports that there are, in times that go together.
func healthRules() map[string]rule {
	return map[string]rule{
		"#Health":   func(d *drawing, _ *value) *value { return d.health() },
		"#Shutdown": func(d *drawing, _ *value) *value { return d.shutdown() },
	}
}

// health draws checks; of liveness one success is enough, and of startup where there is readiness.
func (d *drawing) health() *value {
	drawn := structOf()
	if !d.chance(3) {
		drawn = drawn.with("readiness", d.probe(true))
	}
	if !d.chance(3) {
		drawn = drawn.with("startup", d.probe(drawn.get("readiness") == nil))
	}
	if !d.chance(3) {
		drawn = drawn.with("liveness", d.probe(false))
	}
	return drawn
}

// probe draws a method and its timing; successes says whether it may want more than one.
func (d *drawing) probe(successes bool) *value {
	leaf := func(name string) *value { return d.generator.leaves[name](d) }
	drawn := structOf()
	switch method := d.IntN(5); {
	case method == 0 || len(d.portsOf("TCP")) == 0:
		drawn = drawn.with("command", d.command())
	case method == 1 || method == 4:
		drawn = drawn.with("http", d.request())
	case method == 2:
		drawn = drawn.with("tcp", structOf(field{"port", portNamed("TCP")(d, nil)}))
	default:
		drawn = drawn.with("grpc", structOf(field{"port", portNamed("TCP")(d, nil)}))
		if d.chance(2) {
			drawn = drawn.with("grpc", drawn.get("grpc").with("service", leaf("#Line")))
		}
	}
	period := 10
	if d.chance(2) {
		period = leaf("#PositiveSeconds").integer()
		drawn = drawn.with("periodSeconds", numberOf(period))
	}
	if d.chance(2) {
		drawn = drawn.with("timeoutSeconds", numberOf(pick(d, []int{1, (period + 1) / 2, period})))
	}
	if d.chance(2) {
		drawn = drawn.with("initialDelaySeconds", leaf("#Seconds"))
	}
	if d.chance(2) {
		drawn = drawn.with("failureThreshold", leaf("#Threshold"))
	}
	switch {
	case d.chance(2):
	case successes:
		drawn = drawn.with("successThreshold", leaf("#Threshold"))
	default:
		drawn = drawn.with("successThreshold", numberOf(1))
	}
	return drawn
}

// command draws a command of at least one word.
func (d *drawing) command() *value {
	words := make([]*value, 1+d.IntN(3))
	for i := range words {
		words[i] = d.generator.leaves["#NonEmpty"](d)
	}
	return listOf(words...)
}

// request draws an HTTP request of a port that there is.
func (d *drawing) request() *value {
	leaf := func(name string) *value { return d.generator.leaves[name](d) }
	drawn := structOf(field{"path", leaf("#ProbePath")}, field{"port", portNamed("TCP")(d, nil)})
	if d.chance(2) {
		drawn = drawn.with("scheme", textOf(pick(d, []string{"HTTP", "HTTPS"})))
	}
	if d.chance(2) {
		drawn = drawn.with("headers", d.entries(d.few(), func(int) string { return leaf("#HeaderName").text }, func() *value { return leaf("#Line") }))
	}
	return drawn
}

// shutdown draws a hook and a time that the hook leaves something of. Without a hook the application sleeps as long as
// the slowest region needs.
func (d *drawing) shutdown() *value {
	const slowest = 25
	drawn := structOf()
	grace, least := 30, slowest+1
	if d.chance(2) {
		least = 1
		switch hook := d.IntN(3); {
		case hook == 0 && len(d.portsOf("TCP")) > 0:
			drawn = drawn.with("preStop", structOf(field{"http", d.request()}))
		case hook == 1:
			drawn = drawn.with("preStop", structOf(field{"command", d.command()}))
		default:
			sleep := pick(d, []int{0, 1, 29, 86399})
			least = sleep + 1
			drawn = drawn.with("preStop", structOf(field{"sleep", numberOf(sleep)}))
		}
	}
	if d.chance(2) || least > grace {
		grace = pick(d, []int{least, max(least, 60), 86400})
		drawn = drawn.with("gracePeriodSeconds", numberOf(grace))
	}
	return drawn
}
