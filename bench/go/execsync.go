package main

import (
	"context"
	"fmt"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func benchmarkExecSync(ctx context.Context, c *client) (err error) {
	if err := c.ensureImage(ctx); err != nil {
		return err
	}
	config := c.podConfig()
	pod, err := c.runPod(ctx, config)
	if err != nil {
		return err
	}
	times := newDurations()
	if err := c.measureExecSync(ctx, times, pod, config); err != nil {
		_ = c.tryRemovePod(ctx, pod)
		return err
	}
	if err := c.removePod(ctx, pod); err != nil {
		return err
	}
	return times.print()
}

func (c *client) measureExecSync(ctx context.Context, times *durations, pod string, config *cri.PodSandboxConfig) error {
	id, err := c.createContainer(ctx, pod, config, "sleep", "1000000")
	if err != nil {
		return fmt.Errorf("CreateContainer: %w", err)
	}
	if _, err := c.runtime.StartContainer(ctx, &cri.StartContainerRequest{ContainerId: id}); err != nil {
		return fmt.Errorf("StartContainer: %w", err)
	}
	for range c.runs {
		err := times.measure("ExecSync", func() error {
			response, err := c.runtime.ExecSync(ctx, &cri.ExecSyncRequest{ContainerId: id, Cmd: []string{"true"}})
			if err == nil && response.ExitCode != 0 {
				err = fmt.Errorf("true ended with %d: %s", response.ExitCode, response.Stderr)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("ExecSync: %w", err)
		}
	}
	return nil
}
