package main

import (
	"net/url"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// askRuntime makes one call for a stream's URL on the runtime's socket.
func askRuntime[Response interface{ GetUrl() string }](
	endpoint string,
	call func(cri.RuntimeServiceClient) (Response, error),
) (*url.URL, error) {
	target := "unix://" + strings.TrimPrefix(endpoint, "unix://")
	connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	response, err := call(cri.NewRuntimeServiceClient(connection))
	if err != nil {
		return nil, err
	}
	return url.Parse(response.GetUrl())
}
