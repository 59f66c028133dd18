package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// benchmarkDensity prints two lines: durations once the pods run (CreateAll is the time for all of them), and,
// after standard input has ended, RemoveAll.
func benchmarkDensity(ctx context.Context, c *client) (err error) {
	if err := c.ensureImage(ctx); err != nil {
		return err
	}
	times := newDurations()
	ids := make([]string, c.pods)
	defer func() {
		if err != nil {
			_ = c.each(c.pods, func(at int) error { return c.tryRemovePod(ctx, ids[at]) })
		}
	}()
	err = times.measure("CreateAll", func() error {
		return c.each(c.pods, func(at int) (err error) {
			ids[at], err = c.runFullPod(ctx, c.podConfig())
			return err
		})
	})
	if err != nil {
		return err
	}
	if err := c.measureLists(ctx, times); err != nil {
		return err
	}
	if err := c.each(c.pods-c.keep, func(at int) error { return c.removePod(ctx, ids[c.keep+at]) }); err != nil {
		return err
	}
	if err := times.print(); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	removal := newDurations()
	err = removal.measure("RemoveAll", func() error {
		return c.each(c.keep, func(at int) error { return c.removePod(ctx, ids[at]) })
	})
	if err != nil {
		return err
	}
	return removal.print()
}

// runFullPod runs a pod with its containers started. A pod that fails is removed.
func (c *client) runFullPod(ctx context.Context, config *cri.PodSandboxConfig) (string, error) {
	pod, err := c.runPod(ctx, config)
	if err != nil {
		return "", err
	}
	for range c.containers {
		if err := c.runContainer(ctx, pod, config); err != nil {
			_ = c.removePod(ctx, pod)
			return "", err
		}
	}
	return pod, nil
}

func (c *client) runContainer(ctx context.Context, pod string, config *cri.PodSandboxConfig) error {
	id, err := c.createContainer(ctx, pod, config, "sleep", "1000000")
	if err != nil {
		return fmt.Errorf("CreateContainer: %w", err)
	}
	if _, err := c.runtime.StartContainer(ctx, &cri.StartContainerRequest{ContainerId: id}); err != nil {
		return fmt.Errorf("StartContainer: %w", err)
	}
	return nil
}

// measureLists lists everything again and again, as the kubelet does every second, and sees that all of it runs.
func (c *client) measureLists(ctx context.Context, times *durations) error {
	running := 0
	for range c.lists {
		err := times.measure("ListContainers", func() error {
			response, err := c.runtime.ListContainers(ctx, &cri.ListContainersRequest{})
			running = countRunning(response.GetContainers())
			return err
		})
		if err != nil {
			return err
		}
		err = times.measure("ListPodSandbox", func() error {
			_, err := c.runtime.ListPodSandbox(ctx, &cri.ListPodSandboxRequest{})
			return err
		})
		if err != nil {
			return err
		}
	}
	if expected := c.pods * c.containers; c.lists > 0 && running < expected {
		return fmt.Errorf("%d of %d containers run", running, expected)
	}
	return nil
}

func countRunning(containers []*cri.Container) int {
	running := 0
	for _, container := range containers {
		if container.State == cri.ContainerState_CONTAINER_RUNNING {
			running++
		}
	}
	return running
}

// each calls work for 0 to count-1, as many at a time as -parallel says, and joins the errors.
func (c *client) each(count int, work func(at int) error) error {
	var group sync.WaitGroup
	slots := make(chan struct{}, c.parallel)
	failures := make([]error, max(count, 0))
	for at := range count {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			failures[at] = work(at)
		})
	}
	group.Wait()
	return errors.Join(failures...)
}
