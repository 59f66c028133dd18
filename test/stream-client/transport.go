package main

import (
	"fmt"
	"net/http"
	"net/url"

	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
)

const (
	transportSPDY      = "spdy"
	transportWebSocket = "websocket"
)

// newExecutor is for the streams of a command.
func newExecutor(opts *options, location *url.URL) (remotecommand.Executor, error) {
	config := restConfig(opts)
	switch opts.transport {
	case transportSPDY:
		return remotecommand.NewSPDYExecutor(config, "POST", location)
	case transportWebSocket:
		return remotecommand.NewWebSocketExecutor(config, "GET", location.String())
	}
	return nil, unknownTransport(opts)
}

// newDialer is for the connections of a port-forward.
func newDialer(opts *options, location *url.URL) (httpstream.Dialer, error) {
	config := restConfig(opts)
	switch opts.transport {
	case transportSPDY:
		transport, upgrader, err := spdy.RoundTripperFor(config)
		if err != nil {
			return nil, err
		}
		return spdy.NewDialer(upgrader, &http.Client{Transport: transport}, "POST", location), nil
	case transportWebSocket:
		return portforward.NewSPDYOverWebsocketDialer(location, config)
	}
	return nil, unknownTransport(opts)
}

func restConfig(opts *options) *rest.Config {
	files := opts.tls
	if files.ca == "" && files.cert == "" && files.key == "" {
		return &rest.Config{TLSClientConfig: rest.TLSClientConfig{Insecure: true}}
	}
	return &rest.Config{TLSClientConfig: rest.TLSClientConfig{
		ServerName: files.serverName,
		CAFile:     files.ca,
		CertFile:   files.cert,
		KeyFile:    files.key,
	}}
}

func unknownTransport(opts *options) error {
	return fmt.Errorf("--transport is %q: %s or %s", opts.transport, transportSPDY, transportWebSocket)
}
