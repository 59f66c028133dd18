package main

import (
	"sync"
	"time"
)

// durations holds what each operation took, in nanoseconds, by its name.
type durations struct {
	mutex sync.Mutex
	byOp  map[string][]int64
}

func newDurations() *durations {
	return &durations{byOp: map[string][]int64{}}
}

// measure calls the operation and notes how long it took, unless it failed.
func (d *durations) measure(name string, operation func() error) error {
	began := time.Now()
	if err := operation(); err != nil {
		return err
	}
	d.add(name, time.Since(began))
	return nil
}

// add notes how long an operation took.
func (d *durations) add(name string, took time.Duration) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.byOp[name] = append(d.byOp[name], took.Nanoseconds())
}

// print writes the durations as one line of JSON.
func (d *durations) print() error {
	return print(d.byOp)
}
