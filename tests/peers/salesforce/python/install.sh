#!/usr/bin/env bash
# Installs the Salesforce clients for Python into the cache of the peers and prints the interpreter to run; quick when
# done.
#
#   python=$(tests/peers/salesforce/python/install.sh) && "$python" tests/peers/salesforce/python/simple_salesforce …
set -euo pipefail

PEER=salesforce-python
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../lifecycle.sh
source "$here/../../lifecycle.sh"

home=$(peers_cache)/salesforce-python-$(fingerprint "$here/requirements.txt")

install_locked() {
  [[ -e $home/complete ]] && return
  rm -rf "$home" && mkdir -p "$home"
  python3 -m venv "$home/venv" >"$home/install.log" 2>&1 ||
    cannot_install "python3 cannot make a virtual environment: $(tail -n1 "$home/install.log")"
  "$home/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" \
    >"$home/install.log" 2>&1 || cannot_install "pip failed: $(tail -n1 "$home/install.log")"
  touch "$home/complete"
}

if [[ ! -e $home/complete ]]; then
  need_commands python3 flock
  locked salesforce-python install_locked
fi
printf '%s\n' "$home/venv/bin/python"
