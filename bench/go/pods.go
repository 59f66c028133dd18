package main

import (
	"context"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func benchmarkPods(ctx context.Context, c *client) error {
	times := newDurations()
	for range c.runs {
		if err := c.measurePod(ctx, times); err != nil {
			return err
		}
	}
	return times.print()
}

func (c *client) measurePod(ctx context.Context, times *durations) error {
	var id string
	err := times.measureAll([]step{
		{"CreatePod", func() (err error) {
			id, err = c.runPod(ctx, c.podConfig())
			return err
		}},
		{"PodStatus", func() error {
			_, err := c.runtime.PodSandboxStatus(ctx, &cri.PodSandboxStatusRequest{PodSandboxId: id})
			return err
		}},
		{"StopPod", func() error {
			_, err := c.runtime.StopPodSandbox(ctx, &cri.StopPodSandboxRequest{PodSandboxId: id})
			return err
		}},
		{"RemovePod", func() error {
			_, err := c.runtime.RemovePodSandbox(ctx, &cri.RemovePodSandboxRequest{PodSandboxId: id})
			return err
		}},
	})
	if err != nil {
		_ = c.tryRemovePod(ctx, id)
	}
	return err
}
