package main

import "fmt"

// step is one operation of a benchmark's run.
type step struct {
	name string
	call func() error
}

// measureAll measures the steps in their order and ends with the first that fails.
func (d *durations) measureAll(steps []step) error {
	for _, step := range steps {
		if err := d.measure(step.name, step.call); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}
