# The specs of Kubernetes for nodes, which are tests of a Go module and not one of its programs. Sourced by scripts/setup, after go.

# Builds them into $cache/bin/node-conformance, beside ginkgo, which runs several at a time, and agnhost, which their pods run, with
# the certificate that its image has.
build_node_conformance() {
  local module=test/node-conformance target=$cache/bin/node-conformance go sources
  build_go_tools "$module"
  if [[ ! -e $target/localhost.key ]]; then
    go=$(go_for "$module")
    sources=$(cd "$module" && GOTOOLCHAIN=auto "$go" list -m -f '{{.Dir}}' k8s.io/kubernetes)
    install -m 644 "$sources"/test/images/agnhost/porter/localhost.{crt,key} "$target"
  fi
  if [[ ! -e $target/node-conformance.test ]]; then
    go=$(go_for "$module")
    (cd "$module" && CGO_ENABLED=0 GOTOOLCHAIN=auto nice "$go" test -c -vet=off -trimpath -ldflags '-s -w' -o "$target/node-conformance.new" .)
    mv "$target/node-conformance.new" "$target/node-conformance.test"
  fi
}
