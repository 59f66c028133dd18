// Command stream-client does what crictl's exec, attach and port-forward do, by the same libraries, which are those of
// kubectl too: it asks a runtime for a stream's URL on the CRI socket and opens the stream over SPDY or WebSocket.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"k8s.io/client-go/util/exec"
)

const usage = `Usage:
  stream-client exec [-i] [-t] [FLAGS] CONTAINER COMMAND [ARGUMENT]...
  stream-client attach [-i] [-t] [FLAGS] CONTAINER
  stream-client port-forward [FLAGS] POD [LOCAL:]REMOTE...
  stream-client ask-ports [FLAGS] POD PORT...

exec ends with the command's exit code, or with 1 when it could not be run. With --kubelet, CONTAINER is NAMESPACE/POD/CONTAINER
and POD is NAMESPACE/POD.

Flags:
`

func main() {
	commands := map[string]func(context.Context, *options) error{
		"exec":         execute,
		"attach":       attach,
		"port-forward": forwardPorts,
		"ask-ports":    askPorts,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprint(os.Stderr, usage)
		newFlags(&options{}).PrintDefaults()
		os.Exit(2)
	}
	opts := parse(os.Args[2:])
	err := commands[os.Args[1]](context.Background(), opts)
	if err == nil {
		return
	}
	var ended exec.CodeExitError
	if errors.As(err, &ended) {
		os.Exit(ended.Code)
	}
	fmt.Fprintf(os.Stderr, "stream-client %s: %v\n", os.Args[1], err)
	os.Exit(1)
}

// options are the flags of all commands, and what follows them.
type options struct {
	endpoint string
	// kubelet is a kubelet's URL, or empty where the runtime itself is asked.
	kubelet   string
	transport string
	stdin     bool
	tty       bool
	tls       tlsFiles
	// target is the container, or the pod of port-forward; of a kubelet by their names.
	target string
	// rest is the command to run, or the ports.
	rest []string
}

// tlsFiles are paths. Without any, the server's certificate is not checked, as crictl has it.
type tlsFiles struct {
	ca, cert, key string
	serverName    string
}

func newFlags(opts *options) *flag.FlagSet {
	flags := flag.NewFlagSet("stream-client", flag.ExitOnError)
	flags.StringVar(&opts.endpoint, "endpoint", os.Getenv("CONTAINER_RUNTIME_ENDPOINT"), "the runtime's `socket`, with or without unix://")
	flags.StringVar(&opts.kubelet, "kubelet", "", "the `URL` of a kubelet to ask in the runtime's place; the target is NAMESPACE/POD/CONTAINER or, for ports, NAMESPACE/POD then")
	flags.StringVar(&opts.transport, "transport", transportSPDY, "spdy or websocket")
	flags.BoolVar(&opts.stdin, "i", false, "hand on standard input")
	flags.BoolVar(&opts.tty, "t", false, "with a terminal")
	flags.BoolFunc("it", "-i and -t", func(string) error {
		opts.stdin, opts.tty = true, true
		return nil
	})
	flags.StringVar(&opts.tls.ca, "tls-ca", "", "`file` of the authority that signed the server's certificate")
	flags.StringVar(&opts.tls.cert, "tls-cert", "", "`file` of the client's certificate")
	flags.StringVar(&opts.tls.key, "tls-key", "", "`file` of the client's key")
	flags.StringVar(&opts.tls.serverName, "tls-server-name", "localhost", "the `name` that the server's certificate has to be for")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	return flags
}

func parse(args []string) *options {
	opts := &options{}
	flags := newFlags(opts)
	_ = flags.Parse(args)
	if flags.NArg() < 1 {
		flags.Usage()
		os.Exit(2)
	}
	opts.target, opts.rest = flags.Arg(0), flags.Args()[1:]
	return opts
}
