package robustness

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// watch looks at a process and its descendants until it is stopped, and returns the most that those which lived at one
// time had in memory together: each counts with its own peak, so that the sum errs on the high side.
func watch(pid int, stop <-chan struct{}) int64 {
	var most int64
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return most
		case <-tick.C:
			most = max(most, resident(pid, children()))
		}
	}
}

// children are all processes of the machine by their parents.
func children() map[int][]int {
	list := map[int][]int{}
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		stat, _ := os.ReadFile(filepath.Join(folder, "stat")) // it may have ended
		_, rest, _ := strings.Cut(string(stat), ") ")         // a program's name may hold anything but is in brackets
		fields := strings.Fields(rest)
		if len(fields) < 2 {
			continue
		}
		parent, _ := strconv.Atoi(fields[1])
		pid, _ := strconv.Atoi(filepath.Base(folder))
		list[parent] = append(list[parent], pid)
	}
	return list
}

// resident is the sum of the peaks of a process and its descendants.
func resident(pid int, children map[int][]int) int64 {
	sum := highest(pid)
	for _, child := range children[pid] {
		sum += resident(child, children)
	}
	return sum
}

// highest is the peak of one process.
func highest(pid int) int64 {
	status, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	_, rest, _ := strings.Cut(string(status), "\nVmHWM:")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kibibytes, _ := strconv.ParseInt(number, 10, 64) // a process that has ended has none
	return kibibytes << 10
}
