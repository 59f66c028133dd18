package main

import (
	"fmt"
	"net/url"
	"strings"

	core "k8s.io/api/core/v1"
)

// kubeletLocation is the URL of a session at a kubelet's own port, as the API server asks for it; the target is NAMESPACE/POD
// or, for a command, NAMESPACE/POD/CONTAINER.
func kubeletLocation(opts *options, session string, command []string) (*url.URL, error) {
	location, err := url.Parse(opts.kubelet)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(opts.target, "/")
	if session == "portForward" && len(parts) != 2 || session != "portForward" && len(parts) != 3 {
		return nil, fmt.Errorf("%s: NAMESPACE/POD for ports, NAMESPACE/POD/CONTAINER for a command", opts.target)
	}
	location = location.JoinPath(append([]string{session}, parts...)...)
	if session == "portForward" {
		return location, nil
	}
	query := url.Values{core.ExecCommandParam: command}
	for name, wanted := range map[string]bool{
		core.ExecStdinParam:  opts.stdin,
		core.ExecStdoutParam: true,
		core.ExecStderrParam: !opts.tty,
		core.ExecTTYParam:    opts.tty,
	} {
		if wanted {
			query.Set(name, "1")
		}
	}
	location.RawQuery = query.Encode()
	return location, nil
}
