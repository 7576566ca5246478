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

node_packages salesforce-node "$here"
printf '%s\n' "$home/node_modules"
