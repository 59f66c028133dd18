package main

import (
	"context"
	"fmt"
	"time"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// pause is what lies between two requests during a pull: the kubelet and the node's tools ask about as often.
const pause = 5 * time.Millisecond

// benchmarkBusyPull measures what else the runtime answers while it pulls an image.
func benchmarkBusyPull(ctx context.Context, c *client) error {
	times := newDurations()
	spec := &cri.ImageSpec{Image: c.image}
	remove := func() error {
		_, err := c.images.RemoveImage(ctx, &cri.RemoveImageRequest{Image: spec})
		return err
	}
	if err := remove(); err != nil {
		return err
	}
	for range c.runs {
		if err := c.measureBusyPull(ctx, times, spec); err != nil {
			return err
		}
		if err := remove(); err != nil {
			return err
		}
	}
	return times.print()
}

func (c *client) measureBusyPull(ctx context.Context, times *durations, spec *cri.ImageSpec) error {
	pulled := make(chan error, 1)
	go func() {
		pulled <- times.measure("PullImage", func() error {
			_, err := c.images.PullImage(ctx, &cri.PullImageRequest{Image: spec})
			return err
		})
	}()
	requests := c.statusRequests(ctx)
	for at := 0; ; at++ {
		select {
		case err := <-pulled:
			return err
		case <-time.After(pause):
		}
		if err := times.measure("request during a pull", requests[at%len(requests)]); err != nil {
			return fmt.Errorf("during the pull: %w", err)
		}
	}
}

// statusRequests are those that a node gets all the time.
func (c *client) statusRequests(ctx context.Context) []func() error {
	return []func() error{
		func() error {
			_, err := c.runtime.ListPodSandbox(ctx, &cri.ListPodSandboxRequest{})
			return err
		},
		func() error {
			_, err := c.runtime.ListContainers(ctx, &cri.ListContainersRequest{})
			return err
		},
		func() error {
			_, err := c.runtime.Status(ctx, &cri.StatusRequest{})
			return err
		},
		func() error {
			_, err := c.images.ListImages(ctx, &cri.ListImagesRequest{})
			return err
		},
	}
}
