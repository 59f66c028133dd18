# etcd, which the apiserver of the cluster's tests keeps its objects in. Sourced by scripts/setup, after sid.

# The apiserver wants a newer one than Debian's stable release may have.
fetch_etcd() {
  local folder=$cache/etcd
  [[ ! -e $folder/etcd ]] || return 0
  echo "fetching Debian's newest etcd"
  sid_open "$folder" && sid_unpack "$folder" etcd-server || return
  rm -rf "$folder/apt"
  ln -s usr/bin/etcd "$folder/etcd"
}
