# Programs in Go, built into the cache. Sourced by scripts/setup, after sid.

# Builds the tools that a module names, or else its own program, into $cache/bin/<module>, where the module has changed
# since the last time. The module's go.env says how, where it differs from the others.
build_go_tools() {
  local module=$1 key target go what=.
  key=$(cat "$module"/go.{mod,sum} $(find "$module" -name '*.go' -o -name go.env | sort) | sha256sum | cut -c1-16)
  target=$cache/bin/$(basename "$module")
  [[ $(cat "$target/.key" 2> /dev/null) != "$key" ]] || return 0
  echo "building the tools of $module"
  if grep -q '^tool' "$module/go.mod"; then what=tool; fi
  go=$(go_for "$module")
  rm -rf "$target"
  mkdir -p "$target"
  (
    cd "$module"
    export CGO_ENABLED=0 GOTOOLCHAIN=auto
    if [[ -e go.env ]]; then set -a && source ./go.env && set +a; fi
    nice "$go" build -trimpath -ldflags '-s -w' -o "$target/" "$what"
  ) || return
  echo "$key" > "$target/.key"
}

# A go command that is new enough for the module: the machine's (a Go since 1.21 may fetch its successor), else Debian's newest.
go_for() {
  local module=$1 needed
  needed=$(awk '$1 == "go" { print $2 }' "$module/go.mod")
  if command -v go > /dev/null && go_is_new_enough "$(command -v go)" "$module" "$needed"; then
    command -v go
    return
  fi
  debian_go
}

go_is_new_enough() {
  local version
  version=$(cd "$2" && GOTOOLCHAIN=auto "$1" version 2> /dev/null | sed -n 's/.* go\([0-9.]*\) .*/\1/p')
  [[ -n $version && $(printf '%s\n' "$3" "$version" | sort -V | head -n 1) == "$3" ]]
}

# Debian's newest Go, from unstable, unpacked in the cache: neither installed nor among the machine's apt sources.
debian_go() {
  local folder=$cache/go
  if [[ ! -e $folder/go ]]; then
    echo "fetching Debian's newest Go" >&2
    (unpack_debian_go "$folder" >&2)
  fi
  echo "$folder/go"
}

unpack_debian_go() {
  local folder=$1 release
  sid_open "$folder"
  release=$(sid_apt "$folder" apt-cache depends golang-go | sed -n 's/.*Depends: \(golang-[0-9.]*\)-go$/\1/p')
  sid_unpack "$folder" "$release-go" "$release-src"
  rm -rf "$folder/apt"
  ln -s "usr/lib/${release/golang/go}/bin/go" "$folder/go"
}
