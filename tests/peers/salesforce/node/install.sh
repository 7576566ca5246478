#!/usr/bin/env bash
# Installs the Salesforce clients for Node into the cache of the peers and prints its node_modules, which is the NODE_PATH to run with;
# quick when done.
#
#   NODE_PATH=$(tests/peers/salesforce/node/install.sh) node tests/peers/salesforce/node/jsforce/judge.js …
set -euo pipefail

PEER=salesforce-node
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../lifecycle.sh
source "$here/../../lifecycle.sh"

home=$(peers_cache)/salesforce-node-$(fingerprint "$here/package.json")

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
  locked salesforce-node install_locked
fi
printf '%s\n' "$home/node_modules"
