package main

import (
	"context"
	"errors"
	"net/url"
	"os"

	"golang.org/x/term"
	"k8s.io/client-go/tools/remotecommand"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func execute(ctx context.Context, opts *options) error {
	if len(opts.rest) == 0 {
		return errors.New("a command is needed")
	}
	location, err := execLocation(ctx, opts)
	if err != nil {
		return err
	}
	return stream(ctx, opts, location)
}

func execLocation(ctx context.Context, opts *options) (*url.URL, error) {
	if opts.kubelet != "" {
		return kubeletLocation(opts, "exec", opts.rest)
	}
	return askRuntime(opts.endpoint, func(runtime cri.RuntimeServiceClient) (*cri.ExecResponse, error) {
		return runtime.Exec(ctx, &cri.ExecRequest{
			ContainerId: opts.target,
			Cmd:         opts.rest,
			Tty:         opts.tty,
			Stdin:       opts.stdin,
			Stdout:      true,
			Stderr:      !opts.tty,
		})
	})
}

func attach(ctx context.Context, opts *options) error {
	location, err := attachLocation(ctx, opts)
	if err != nil {
		return err
	}
	return stream(ctx, opts, location)
}

func attachLocation(ctx context.Context, opts *options) (*url.URL, error) {
	if opts.kubelet != "" {
		return kubeletLocation(opts, "attach", nil)
	}
	return askRuntime(opts.endpoint, func(runtime cri.RuntimeServiceClient) (*cri.AttachResponse, error) {
		return runtime.Attach(ctx, &cri.AttachRequest{
			ContainerId: opts.target,
			Tty:         opts.tty,
			Stdin:       opts.stdin,
			Stdout:      true,
			Stderr:      !opts.tty,
		})
	})
}

// stream connects this process's standard streams with those behind the URL, until the command there has ended.
func stream(ctx context.Context, opts *options, location *url.URL) error {
	executor, err := newExecutor(opts, location)
	if err != nil {
		return err
	}
	streams := remotecommand.StreamOptions{Stdout: os.Stdout, Tty: opts.tty}
	if !opts.tty {
		streams.Stderr = os.Stderr
	}
	if opts.stdin {
		streams.Stdin = os.Stdin
	}
	if !opts.tty || !term.IsTerminal(int(os.Stdin.Fd())) {
		return executor.StreamWithContext(ctx, streams)
	}
	return inTerminal(func(sizes remotecommand.TerminalSizeQueue) error {
		streams.TerminalSizeQueue = sizes
		return executor.StreamWithContext(ctx, streams)
	})
}
