//go:build race

package main

// raceDetector says that the tests run with the race detector, whose own memory a child's limit does not leave room for.
const raceDetector = true
