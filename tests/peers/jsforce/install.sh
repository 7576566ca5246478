#!/usr/bin/env bash
# Installs jsforce into the cache of the peers and prints its node_modules, which is the NODE_PATH to run with;
# quick when done.
#
#   NODE_PATH=$(tests/peers/jsforce/install.sh) node tests/peers/jsforce/scenario.js …
set -euo pipefail

PEER=jsforce
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../lifecycle.sh
source "$here/../lifecycle.sh"

home=$(peers_cache)/jsforce-$(fingerprint "$here/package.json")

install_locked() {
  [[ -e $home/complete ]] && return
  rm -rf "$home" && mkdir -p "$home"
  cp "$here/package.json" "$home/"
  (cd "$home" && npm install --no-audit --no-fund --no-package-lock --ignore-scripts) >"$home/install.log" 2>&1 ||
    cannot_install "npm failed: $(grep -m1 'npm error' "$home/install.log" || tail -n1 "$home/install.log")"
  touch "$home/complete"
}

if [[ ! -e $home/complete ]]; then
  need_commands node npm flock
  version=$(node --version)
  major=${version#v}
  [[ ${major%%.*} -ge 18 ]] || cannot_install "Node 18 is needed, \`node\` is $version"
  locked jsforce install_locked
fi
printf '%s\n' "$home/node_modules"
