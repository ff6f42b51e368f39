//go:build race

package schema_test

// rare is how much rarer the samples of the corpus are that the tests of the exports try. The race detector makes CUE ten
// times slower, and these tests run in one goroutine.
const rare = 20
