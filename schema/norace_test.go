//go:build !race

package schema_test

const rare = 1
