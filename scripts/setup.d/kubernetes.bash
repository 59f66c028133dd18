# Kubernetes' own programs, which critter is tried under. Sourced by scripts/setup, after go.

# Builds the programs that test/kubelet names into $cache/bin/kubelet, those of which the versions have changed since: the
# kubelet first, and one after the other, since each takes gigabytes to link.
build_kubernetes() {
  local module=test/kubelet target=$cache/bin/kubelet version key program name
  version=$(awk '$1 == "k8s.io/kubernetes" { print $2 }' "$module/go.mod")
  key=$(cat "$module"/go.{mod,sum} "${BASH_SOURCE[0]}" | sha256sum | cut -c1-16)
  mkdir -p "$target"
  for program in $(grep -o 'k8s\.io/kubernetes/cmd/.*' "$module/go.mod" | LC_ALL=C sort -r); do
    name=$(basename "$program")
    [[ $(cat "$target/.key-$name" 2> /dev/null) != "$key" ]] || continue
    echo "building $name $version"
    build_of_kubernetes "$module" "$version" "$program" "$target/$name" || return
    echo "$key" > "$target/.key-$name"
  done
}

# A program that is not told its version takes itself for 0.0.0, which the others refuse.
build_of_kubernetes() {
  local module=$1 version=$2 program=$3 target=$4 flags='-s -w' package major minor go
  IFS=. read -r major minor _ <<< "${version#v}"
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor -X $package.gitTreeState=clean"
  done
  go=$(go_for "$module")
  (cd "$module" && CGO_ENABLED=0 GOTOOLCHAIN=auto nice "$go" build -trimpath -ldflags "$flags" -o "$target.new" "$program") &&
    mv "$target.new" "$target"
}
