# Packages of Debian unstable, unpacked in the cache: neither installed nor among the machine's apt sources. Sourced by scripts/setup.

# Makes FOLDER empty but for lists of unstable's packages, which sid_apt and sid_unpack go by; the caller removes FOLDER/apt.
sid_open() {
  local folder=$1 origin
  rm -rf "$folder"
  mkdir -p "$folder"/apt/{lists/partial,archives/partial,packages}
  # The archive that this machine's own packages come from.
  origin=$(apt-get indextargets --format '$(REPO_URI) $(LABEL)' 'Created-By: Packages' | awk '$2 == "Debian" { print $1; exit }')
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $origin sid main" > "$folder/apt/sources.list"
  sid_apt "$folder" apt-get update
}

# sid_apt FOLDER apt-get|apt-cache ARGUMENT...
sid_apt() {
  local apt=$1/apt command=$2
  shift 2
  "$command" -qq -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=- \
    -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/archives" -o APT::Sandbox::User=root \
    -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false "$@"
}

# Unpacks what is in the packages into FOLDER.
sid_unpack() {
  local folder=$1
  shift
  (cd "$folder/apt/packages" && sid_apt "$folder" apt-get download "$@")
  for package in "$folder"/apt/packages/*.deb; do dpkg-deb -x "$package" "$folder"; done
}
