#!/usr/bin/env bash
# Starts a Bayeux server (npm's faye, with Salesforce's replay) in front of a simulated org and stops it with its parent.
#
#   bayeux.sh --upstream URL --data DIR [--port PORT] [--transports LIST] [--hold SECONDS]
#                        prints {"url":…,"pid":…,"store":…,"log":…} when ready
#   bayeux.sh install    only installs; quick when that is done
#
# The directory stays, so that the same server can be started again with the same --data and --port; its events live on in
# `store`. SIGKILL of this script is a crash of the server. What it can be asked to do stands in bayeux/server.cjs.
set -euo pipefail

PEER=bayeux
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lifecycle.sh
source "$here/lifecycle.sh"

data='' port=0 home='' upstream='' transports=long-polling,websocket hold=2 dir='' server=''

install() {
  need_commands setpriv
  node_packages bayeux "$here/bayeux"
}

ready() {
  local tries
  for ((tries = 0; tries < 600; tries++)); do
    running || return 1
    port=$(sed -n 's/^listening on //p' "$dir/out.log")
    [[ -z $port ]] || return 0
    pause 0.05
  done
  return 1
}

usage() {
  sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

while [[ $# -gt 0 ]]; do
  case $1 in
    install) [[ $# -eq 1 ]] || usage; install; exit ;;
    --upstream) [[ $# -ge 2 ]] || usage; upstream=$2; shift 2 ;;
    --data) [[ $# -ge 2 ]] || usage; data=$2; shift 2 ;;
    --port) [[ $# -ge 2 ]] || usage; port=$2; shift 2 ;;
    --transports) [[ $# -ge 2 ]] || usage; transports=$2; shift 2 ;;
    --hold) [[ $# -ge 2 ]] || usage; hold=$2; shift 2 ;;
    *) usage ;;
  esac
done
[[ -n $upstream && -n $data ]] || usage

install
mkdir -p "$data"
dir=$(cd "$data" && pwd)
hold_dir
trap 'stop_server 5' EXIT
trap 'exit 0' INT TERM HUP
# What earlier servers noted stays; only this one's word that it listens counts.
[[ ! -e $dir/out.log ]] || cat "$dir/out.log" >>"$dir/earlier.log"
: >"$dir/out.log"
export NODE_PATH=$home/node_modules
launch node "$here/bayeux/server.cjs" "$port" "$dir/store.jsonl" "$upstream" "$transports" "$hold"
ready || {
  say "the server did not start; the end of $dir/out.log:"
  tail -n 20 "$dir/out.log" >&2
  exit 1
}
printf '{"url":"http://127.0.0.1:%s","pid":%s,"store":"%s","log":"%s"}\n' \
  "$port" "$server" "$dir/store.jsonl" "$dir/out.log"
watch || { say "the server ended by itself; see $dir/out.log"; exit 1; }
