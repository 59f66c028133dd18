# Debian's packages. Sourced by scripts/setup.

# Installs those of the packages that are missing; starts none of their services, now or at boot.
install_packages() {
  local present missing
  present=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2> /dev/null | awk '$2 == "installed" { print $1 }' || true)
  missing=$(comm -23 <(printf '%s\n' "$@" | sort -u) <(sort <<< "$present"))
  [[ -n $missing ]] || return 0
  echo "installing:" $missing
  apt-get -qq update
  without_services $missing
}

without_services() (
  guard=/usr/sbin/policy-rc.d
  if [[ ! -e $guard ]]; then
    trap 'rm -f "$guard"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$guard"
    chmod 755 "$guard"
  fi
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@" > /dev/null
  [[ " $* " != *" docker-registry "* ]] || systemctl disable --quiet docker-registry 2> /dev/null || true
)
