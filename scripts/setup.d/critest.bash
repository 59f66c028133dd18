# critest, which is a test of a Go module and not one of its programs. Sourced by scripts/setup, after go.

# Builds critest into $cache/bin/critest, beside crictl, from the version that test/critest names. The one image that it
# pulls by a digest cannot be built again, so that a copy of its source gets the digest that our registry has.
build_critest() {
  local module=test/critest target=$cache/bin/critest source=$cache/critest-source digest key go
  digest=$(node test/critest/image-digest.ts gcr.io/k8s-staging-cri-tools/test-image-digest:latest)
  key="$(cat "$target/.key") $digest"
  [[ $(cat "$target/.critest-key" 2> /dev/null) != "$key" ]] || return 0
  echo "building critest"
  go=$(go_for "$module")
  rm -rf "$source"
  (
    cd "$module"
    export CGO_ENABLED=0 GOTOOLCHAIN=auto
    cp -r --no-preserve=mode "$("$go" list -m -f '{{.Dir}}' sigs.k8s.io/cri-tools)" "$source"
    sed -i "s/\"test-image-digest@sha256:[0-9a-f]*/\"test-image-digest@$digest/" "$source/pkg/validate/consts.go"
    cp go.mod "$source/critest.mod"
    cp go.sum "$source/critest.sum"
    "$go" mod edit -replace "sigs.k8s.io/cri-tools=$source" "$source/critest.mod"
    nice "$go" test -c -trimpath -ldflags '-s -w' -modfile "$source/critest.mod" -o "$target/critest" sigs.k8s.io/cri-tools/cmd/critest
  ) || return
  rm -rf "$source"
  echo "$key" > "$target/.critest-key"
}
