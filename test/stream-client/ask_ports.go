package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/tools/portforward"
)

// answer is what came of one connection: the data, and what the error stream said.
type answer struct {
	Port  int    `json:"port"`
	Data  string `json:"data"`
	Error string `json:"error"`
}

// askPorts connects to ports of a pod one after another over one session, sends nothing, and prints what each answers as a
// line of JSON. port-forward cannot show that a session outlives a refused port: client-go closes it then.
func askPorts(ctx context.Context, opts *options) error {
	location, err := portForwardLocation(ctx, opts)
	if err != nil {
		return err
	}
	dialer, err := newDialer(opts, location)
	if err != nil {
		return err
	}
	connection, _, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
	if err != nil {
		return err
	}
	defer connection.Close()
	for request, port := range opts.rest {
		answer, err := askPort(connection, request, port)
		if err != nil {
			return fmt.Errorf("port %s: %w", port, err)
		}
		if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
			return err
		}
	}
	return nil
}

func askPort(connection httpstream.Connection, request int, port string) (*answer, error) {
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	headers := http.Header{}
	headers.Set(core.PortHeader, port)
	headers.Set(core.PortForwardRequestIDHeader, strconv.Itoa(request))
	failure, err := openStream(connection, headers, core.StreamTypeError)
	if err != nil {
		return nil, err
	}
	data, err := openStream(connection, headers, core.StreamTypeData)
	if err != nil {
		return nil, err
	}
	defer connection.RemoveStreams(failure, data)
	text, err := io.ReadAll(data)
	if err != nil {
		return nil, err
	}
	message, err := io.ReadAll(failure)
	if err != nil {
		return nil, err
	}
	return &answer{Port: number, Data: string(text), Error: string(message)}, nil
}

// openStream opens a stream that nothing is written to.
func openStream(connection httpstream.Connection, headers http.Header, kind string) (httpstream.Stream, error) {
	headers.Set(core.StreamType, kind)
	stream, err := connection.CreateStream(headers)
	if err != nil {
		return nil, err
	}
	// The other side may have closed it already.
	_ = stream.Close()
	return stream, nil
}
