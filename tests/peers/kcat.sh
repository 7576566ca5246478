#!/usr/bin/env bash
# Installs kcat, the command-line client of librdkafka's author, and prints its path; quick when it is there.
set -euo pipefail

PEER=kcat
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lifecycle.sh
source "$here/lifecycle.sh"

if ! command -v kcat >/dev/null; then
  need_commands apt-get
  [[ $(id -u) -eq 0 ]] || cannot_install "kcat is missing and only root can install it"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -q && apt-get install -q -y --no-install-recommends kcat; } >/dev/null 2>&1 ||
    cannot_install "apt-get has no kcat"
fi
command -v kcat
