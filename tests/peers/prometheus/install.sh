#!/usr/bin/env bash
# Installs the Python client of the Prometheus project into the cache of the peers and prints the interpreter to run; quick when done.
#
#   python=$(tests/peers/prometheus/install.sh) && "$python" tests/peers/prometheus/read_metrics.py URL
set -euo pipefail

PEER=prometheus
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../lifecycle.sh
source "$here/../lifecycle.sh"

home=$(peers_cache)/prometheus-$(fingerprint "$here/requirements.txt")

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
  locked prometheus install_locked
fi
printf '%s\n' "$home/venv/bin/python"
