package main

import (
	"context"
	"fmt"
	"strings"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// benchmarkImageStatus asks for each of many images by name and by ID. The image's name has a %d for its number.
func benchmarkImageStatus(ctx context.Context, c *client) error {
	times := newDurations()
	ids := make([]string, c.imageCount)
	for at := range ids {
		spec := &cri.ImageSpec{Image: strings.ReplaceAll(c.image, "%d", fmt.Sprint(at))}
		response, err := c.images.PullImage(ctx, &cri.PullImageRequest{Image: spec})
		if err != nil {
			return err
		}
		ids[at] = response.ImageRef
	}
	for range c.runs {
		for at, id := range ids {
			name := strings.ReplaceAll(c.image, "%d", fmt.Sprint(at))
			if err := times.measureAll([]step{
				{"ImageStatus by name", c.imageStatus(ctx, name)},
				{"ImageStatus by ID", c.imageStatus(ctx, id)},
			}); err != nil {
				return err
			}
		}
	}
	for _, id := range ids {
		if _, err := c.images.RemoveImage(ctx, &cri.RemoveImageRequest{Image: &cri.ImageSpec{Image: id}}); err != nil {
			return err
		}
	}
	return times.print()
}

func (c *client) imageStatus(ctx context.Context, image string) func() error {
	return func() error {
		response, err := c.images.ImageStatus(ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: image}})
		if err == nil && response.Image == nil {
			err = fmt.Errorf("%s is not there", image)
		}
		return err
	}
}
