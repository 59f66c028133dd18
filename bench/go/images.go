package main

import (
	"context"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func benchmarkImages(ctx context.Context, c *client) error {
	times := newDurations()
	spec := &cri.ImageSpec{Image: c.image}
	// Nothing of the image may be there when it is pulled.
	if _, err := c.images.RemoveImage(ctx, &cri.RemoveImageRequest{Image: spec}); err != nil {
		return err
	}
	for range c.runs {
		if err := c.measureImage(ctx, times, spec); err != nil {
			return err
		}
	}
	return times.print()
}

func (c *client) measureImage(ctx context.Context, times *durations, spec *cri.ImageSpec) error {
	return times.measureAll([]step{
		{"PullImage", func() error {
			_, err := c.images.PullImage(ctx, &cri.PullImageRequest{Image: spec})
			return err
		}},
		{"ImageStatus", func() error {
			_, err := c.images.ImageStatus(ctx, &cri.ImageStatusRequest{Image: spec})
			return err
		}},
		{"ListImages", func() error {
			_, err := c.images.ListImages(ctx, &cri.ListImagesRequest{})
			return err
		}},
		{"RemoveImage", func() error {
			_, err := c.images.RemoveImage(ctx, &cri.RemoveImageRequest{Image: spec})
			return err
		}},
	})
}
