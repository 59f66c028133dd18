package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// tick is the unit of proc(5): USER_HZ is 100 on every Linux.
const tick = 10 * time.Millisecond

// processorTime is what all threads of a process have used.
func processorTime(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name stands in parentheses and may hold anything.
	fields := string(stat[strings.LastIndexByte(string(stat), ')')+1:])
	var state string
	var numbers [10]int64
	var user, system int64
	if _, err := fmt.Sscan(fields, &state, &numbers[0], &numbers[1], &numbers[2], &numbers[3], &numbers[4],
		&numbers[5], &numbers[6], &numbers[7], &numbers[8], &numbers[9], &user, &system); err != nil {
		return 0, fmt.Errorf("stat of process %d: %w", pid, err)
	}
	return time.Duration(user+system) * tick, nil
}
