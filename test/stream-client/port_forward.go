package main

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/tools/portforward"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// forwardPorts listens on localhost until SIGINT or SIGTERM, or until the server closes the session.
func forwardPorts(ctx context.Context, opts *options) error {
	if len(opts.rest) == 0 {
		return errors.New("a port is needed")
	}
	location, err := portForwardLocation(ctx, opts)
	if err != nil {
		return err
	}
	dialer, err := newDialer(opts, location)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	forwarder, err := portforward.New(dialer, opts.rest, ctx.Done(), make(chan struct{}), os.Stdout, os.Stderr)
	if err != nil {
		return err
	}
	return forwarder.ForwardPorts()
}

func portForwardLocation(ctx context.Context, opts *options) (*url.URL, error) {
	if opts.kubelet != "" {
		return kubeletLocation(opts, "portForward", nil)
	}
	return askRuntime(opts.endpoint, func(runtime cri.RuntimeServiceClient) (*cri.PortForwardResponse, error) {
		return runtime.PortForward(ctx, &cri.PortForwardRequest{PodSandboxId: opts.target})
	})
}
