package main

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// patience is the time for each kind of measurement: a slow runtime is asked less often.
const patience = 15 * time.Second

// fewest is how often it is asked at least.
const fewest = 3

// overlaps is how often statistics are asked for while other requests are made.
const overlaps = 20

// alone is how often another request is made while nothing else is asked for: what the machine itself makes it wait.
const alone = 1000

// benchmarkStats runs many pods, each in a cgroup of its own as the kubelet has them, and asks for statistics of all.
func benchmarkStats(ctx context.Context, c *client) (err error) {
	if err := c.ensureImage(ctx); err != nil {
		return err
	}
	ids := make([]string, c.pods)
	defer func() {
		removal := c.each(c.pods, func(at int) error { return c.tryRemovePod(ctx, ids[at]) })
		if err == nil {
			err = removal
		}
	}()
	err = c.each(c.pods, func(at int) (err error) {
		config := c.podConfig()
		config.Linux.CgroupParent = c.cgroupParent + "/" + config.Metadata.Name
		ids[at], err = c.runFullPod(ctx, config)
		return err
	})
	if err != nil {
		return err
	}
	times := newDurations()
	if err := repeat(alone, func() error { return c.askVersion(ctx, times, "Version alone") }); err != nil {
		return err
	}
	for _, request := range c.statsRequests(ctx) {
		if err := c.measureStats(ctx, times, request); err != nil {
			return fmt.Errorf("%s: %w", request.name, err)
		}
	}
	return times.print()
}

func (c *client) statsRequests(ctx context.Context) []step {
	return []step{
		{"ListContainerStats", func() error {
			response, err := c.runtime.ListContainerStats(ctx, &cri.ListContainerStatsRequest{})
			return enough("containers", len(response.GetStats()), c.pods*c.containers, err)
		}},
		{"ListPodSandboxStats", func() error {
			response, err := c.runtime.ListPodSandboxStats(ctx, &cri.ListPodSandboxStatsRequest{})
			return enough("pods", len(response.GetStats()), c.pods, err)
		}},
		{"ListPodSandboxMetrics", func() error {
			response, err := c.runtime.ListPodSandboxMetrics(ctx, &cri.ListPodSandboxMetricsRequest{})
			return enough("pods", len(response.GetPodMetrics()), c.pods, err)
		}},
	}
}

func enough(what string, found, expected int, err error) error {
	if err == nil && found < expected {
		return fmt.Errorf("%d of %d %s", found, expected, what)
	}
	return err
}

// measureStats makes a request again and again, then once a second, then with others beside it. One that the runtime does not
// know is left out.
func (c *client) measureStats(ctx context.Context, times *durations, request step) error {
	err := request.call()
	if status.Code(err) == codes.Unimplemented {
		return nil
	}
	if err != nil {
		return err
	}
	err = repeat(c.lists, func() error { return times.measure(request.name, request.call) })
	if err != nil {
		return err
	}
	if err := c.askEverySecond(times, request); err != nil {
		return err
	}
	return repeat(overlaps, func() error { return c.askMeanwhile(ctx, times, request) })
}

// repeat calls work that often, or as often as patience lasts.
func repeat(count int, work func() error) error {
	began := time.Now()
	for at := range count {
		if at >= fewest && time.Since(began) > patience {
			return nil
		}
		if err := work(); err != nil {
			return err
		}
	}
	return nil
}

// askEverySecond notes the processor time that the runtime's daemon takes in a second of that.
func (c *client) askEverySecond(times *durations, request step) error {
	if c.pid == 0 {
		return nil
	}
	before, err := processorTime(c.pid)
	if err != nil {
		return err
	}
	began := time.Now()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for time.Since(began) < patience {
		if err := request.call(); err != nil {
			return err
		}
		<-ticker.C
	}
	after, err := processorTime(c.pid)
	if err != nil {
		return err
	}
	times.add(request.name+" every second", time.Duration(float64(after-before)/time.Since(began).Seconds()))
	return nil
}

// askMeanwhile asks for the version until the answer to the request is there.
func (c *client) askMeanwhile(ctx context.Context, times *durations, request step) error {
	answered := make(chan error, 1)
	go func() { answered <- request.call() }()
	for {
		select {
		case err := <-answered:
			return err
		default:
		}
		if err := c.askVersion(ctx, times, "Version during "+request.name); err != nil {
			return err
		}
	}
}

func (c *client) askVersion(ctx context.Context, times *durations, name string) error {
	time.Sleep(time.Millisecond)
	return times.measure(name, func() error {
		_, err := c.runtime.Version(ctx, &cri.VersionRequest{})
		return err
	})
}
