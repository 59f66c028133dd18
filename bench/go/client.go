package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// client is a connection to a runtime, with the configurations that the benchmarks send.
type client struct {
	options
	*grpc.ClientConn
	runtime cri.RuntimeServiceClient
	images  cri.ImageServiceClient
	serial  atomic.Int64
}

func connect(opts options) (*client, error) {
	target := "unix://" + strings.TrimPrefix(opts.endpoint, "unix://")
	connection, err := grpc.NewClient(target,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20)))
	if err != nil {
		return nil, err
	}
	return &client{
		options:    opts,
		ClientConn: connection,
		runtime:    cri.NewRuntimeServiceClient(connection),
		images:     cri.NewImageServiceClient(connection),
	}, nil
}

// unique is a name that no other call and no other process of the benchmark gives.
func (c *client) unique(kind string) string {
	return fmt.Sprintf("bench-%s-%d-%d", kind, os.Getpid(), c.serial.Add(1))
}

func (c *client) podConfig() *cri.PodSandboxConfig {
	name := c.unique("pod")
	return &cri.PodSandboxConfig{
		Metadata: &cri.PodSandboxMetadata{Name: name, Uid: name, Namespace: "bench", Attempt: 2},
		Labels:   map[string]string{"benchmark": "critter"},
		Linux:    &cri.LinuxPodSandboxConfig{CgroupParent: c.cgroupParent},
	}
}

func (c *client) containerConfig(command ...string) *cri.ContainerConfig {
	return &cri.ContainerConfig{
		Metadata: &cri.ContainerMetadata{Name: c.unique("container"), Attempt: 2},
		Image:    &cri.ImageSpec{Image: c.image},
		Command:  command,
		Linux:    &cri.LinuxContainerConfig{},
	}
}

// runPod runs a pod sandbox and answers its id.
func (c *client) runPod(ctx context.Context, config *cri.PodSandboxConfig) (string, error) {
	response, err := c.runtime.RunPodSandbox(ctx, &cri.RunPodSandboxRequest{Config: config})
	if err != nil {
		return "", fmt.Errorf("RunPodSandbox: %w", err)
	}
	return response.PodSandboxId, nil
}

// removePod stops a pod sandbox and removes it with all its containers.
func (c *client) removePod(ctx context.Context, id string) error {
	if _, err := c.runtime.StopPodSandbox(ctx, &cri.StopPodSandboxRequest{PodSandboxId: id}); err != nil {
		return fmt.Errorf("StopPodSandbox: %w", err)
	}
	if _, err := c.runtime.RemovePodSandbox(ctx, &cri.RemovePodSandboxRequest{PodSandboxId: id}); err != nil {
		return fmt.Errorf("RemovePodSandbox: %w", err)
	}
	return nil
}

// tryRemovePod removes a pod after a failure, if it came to be.
func (c *client) tryRemovePod(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	return c.removePod(ctx, id)
}

// ensureImage pulls the image unless it is there.
func (c *client) ensureImage(ctx context.Context) error {
	spec := &cri.ImageSpec{Image: c.image}
	status, err := c.images.ImageStatus(ctx, &cri.ImageStatusRequest{Image: spec})
	if err != nil {
		return fmt.Errorf("ImageStatus: %w", err)
	}
	if status.Image != nil {
		return nil
	}
	if _, err := c.images.PullImage(ctx, &cri.PullImageRequest{Image: spec}); err != nil {
		return fmt.Errorf("PullImage: %w", err)
	}
	return nil
}
