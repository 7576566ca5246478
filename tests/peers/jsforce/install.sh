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

node_packages jsforce "$here"
printf '%s\n' "$home/node_modules"
