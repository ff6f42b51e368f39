package diag

// Codes of what is not trusted: evaluation in a child, and the guard.
const (
	EvaluationTooLong Code = "M8060"
	EvaluationDied    Code = "M8061"
)

func trustCodes() []Entry {
	return []Entry{
		{EvaluationTooLong, Error, "the evaluation takes too long",
			"With --untrusted, CUE is evaluated in a process of its own that is ended after --evaluation-timeout, by default ten seconds. An application needs a few thousandths of one; references that multiply, or a comprehension over a huge list, need for ever.",
			"find what multiplies: references of references, comprehensions inside each other; --evaluation-timeout allows more time"},
		{EvaluationDied, Error, "the evaluation needs too much memory, or crashes",
			"With --untrusted, CUE is evaluated in a process of its own with 1 GiB of memory. What is nested by the hundred thousand, repeats strings into gigabytes, or meets a fault of the evaluator ends that process and nothing else.",
			"make the file smaller and flatter; if it is an ordinary one, report it"},
	}
}
