package main

import (
	"context"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// gracePeriod is what critest gives a container to end, in seconds.
const gracePeriod = 60

func benchmarkContainers(ctx context.Context, c *client) error {
	if err := c.ensureImage(ctx); err != nil {
		return err
	}
	pod := c.podConfig()
	id, err := c.runPod(ctx, pod)
	if err != nil {
		return err
	}
	times := newDurations()
	for range c.runs {
		if err := c.measureContainer(ctx, times, id, pod); err != nil {
			_ = c.tryRemovePod(ctx, id)
			return err
		}
	}
	if err := c.removePod(ctx, id); err != nil {
		return err
	}
	return times.print()
}

func (c *client) measureContainer(ctx context.Context, times *durations, pod string, config *cri.PodSandboxConfig) error {
	var id string
	return times.measureAll([]step{
		{"CreateContainer", func() (err error) {
			id, err = c.createContainer(ctx, pod, config, "top")
			return err
		}},
		{"StartContainer", func() error {
			_, err := c.runtime.StartContainer(ctx, &cri.StartContainerRequest{ContainerId: id})
			return err
		}},
		{"ContainerStatus", func() error {
			_, err := c.runtime.ContainerStatus(ctx, &cri.ContainerStatusRequest{ContainerId: id})
			return err
		}},
		{"StopContainer", func() error {
			_, err := c.runtime.StopContainer(ctx, &cri.StopContainerRequest{ContainerId: id, Timeout: gracePeriod})
			return err
		}},
		{"RemoveContainer", func() error {
			_, err := c.runtime.RemoveContainer(ctx, &cri.RemoveContainerRequest{ContainerId: id})
			return err
		}},
	})
}

// createContainer creates a container of the benchmark's image and answers its id.
func (c *client) createContainer(ctx context.Context, pod string, sandbox *cri.PodSandboxConfig, command ...string) (string, error) {
	response, err := c.runtime.CreateContainer(ctx, &cri.CreateContainerRequest{
		PodSandboxId:  pod,
		Config:        c.containerConfig(command...),
		SandboxConfig: sandbox,
	})
	if err != nil {
		return "", err
	}
	return response.ContainerId, nil
}
