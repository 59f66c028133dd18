// Command cri-bench measures a container runtime through its CRI socket, as critest -benchmark does, and prints the
// durations of every operation in nanoseconds as JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
)

// options are the flags of all benchmarks.
type options struct {
	endpoint     string
	cgroupParent string
	image        string
	runs         int
	pods         int
	keep         int
	containers   int
	parallel     int
	lists        int
	pid          int
	imageCount   int
}

const usage = `Usage: cri-bench BENCHMARK [FLAGS]

Benchmarks:
  pods        run, ask, stop and remove pods, one after another
  containers  create, start, ask, stop and remove containers in one pod
  images      pull, ask, list and remove an image
  busypull    pull an image, and ask for lists and status meanwhile
  imagestatus pull many images, and ask for each by name and by ID
  execsync    run true in one container, again and again
  density     create many pods of some containers, list them, keep some until standard input ends, remove them
  stats       create as many, and ask for the statistics of all

Flags:
`

func main() {
	benchmarks := map[string]func(context.Context, *client) error{
		"pods":        benchmarkPods,
		"containers":  benchmarkContainers,
		"images":      benchmarkImages,
		"busypull":    benchmarkBusyPull,
		"imagestatus": benchmarkImageStatus,
		"execsync":    benchmarkExecSync,
		"density":     benchmarkDensity,
		"stats":       benchmarkStats,
	}
	var opts options
	flags := flag.NewFlagSet("cri-bench", flag.ExitOnError)
	flags.StringVar(&opts.endpoint, "endpoint", "", "the runtime's `socket`")
	flags.StringVar(&opts.cgroupParent, "cgroup-parent", "/critter-bench", "parent cgroup of the pods")
	flags.StringVar(&opts.image, "image", "registry.k8s.io/e2e-test-images/busybox:1.29-2", "image of the containers, or the one that is pulled")
	flags.IntVar(&opts.runs, "runs", 30, "runs of each operation")
	flags.IntVar(&opts.pods, "pods", 110, "density and stats: number of pods")
	flags.IntVar(&opts.keep, "keep", 100, "density: pods that stay until standard input ends")
	flags.IntVar(&opts.containers, "containers", 2, "density and stats: containers in a pod")
	flags.IntVar(&opts.parallel, "parallel", 4, "density and stats: pods created or removed at a time")
	flags.IntVar(&opts.lists, "lists", 300, "density and stats: times that everything is listed")
	flags.IntVar(&opts.pid, "pid", 0, "stats: the runtime's daemon, whose processor time is taken; 0 for none")
	flags.IntVar(&opts.imageCount, "images", 200, "imagestatus: number of images")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	if len(os.Args) < 2 || benchmarks[os.Args[1]] == nil {
		flags.Usage()
		os.Exit(2)
	}
	_ = flags.Parse(os.Args[2:])
	if err := run(benchmarks[os.Args[1]], opts); err != nil {
		fmt.Fprintf(os.Stderr, "cri-bench %s: %v\n", strings.Join(os.Args[1:], " "), err)
		os.Exit(1)
	}
}

func run(benchmark func(context.Context, *client) error, opts options) error {
	client, err := connect(opts)
	if err != nil {
		return err
	}
	defer client.Close()
	return benchmark(context.Background(), client)
}

// print writes a value as one line of JSON.
func print(value any) error {
	return json.NewEncoder(os.Stdout).Encode(value)
}
