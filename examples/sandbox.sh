#!/usr/bin/env bash
# Starts two simulated orgs, Apache Kafka and a schema registry on free loopback ports. Ctrl-C stops them all.
#
#   examples/sandbox.sh DIR   writes DIR/env, which the files beside this script need, and says so when all is ready
set -euo pipefail

[[ $# -eq 1 ]] || { sed -n '2,4s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
dir=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
orgstream=${ORGSTREAM:-$root/target/release/orgstream}
[[ -n ${ORGSTREAM:-} || -x $orgstream ]] || orgstream=$root/target/debug/orgstream
[[ -x $orgstream ]] || { echo "$orgstream is missing; run \`cargo build --release\` first" >&2; exit 1; }
mkdir -p "$dir"
rm -f "$dir"/*.json "$dir/env"

started=()
stop() {
  trap - EXIT INT TERM
  kill "${started[@]}" 2>/dev/null || true
  wait || true
}
trap stop EXIT
trap 'exit 0' INT TERM

# start NAME COMMAND...: starts a server whose first line is JSON with its addresses.
start() {
  local name=$1
  shift
  "$@" >"$dir/$name.json" </dev/null &
  started+=($!)
}

# value NAME KEY: what that line says.
value() { sed -n "1s/.*\"$2\":\"\([^\"]*\)\".*/\1/p" "$dir/$1.json"; }

start a "$orgstream" sandbox --port 0
start b "$orgstream" sandbox --port 0
start kafka "$root/tests/peers/kafka.sh"
start registry "$root/tests/peers/registry.sh"

for name in a b kafka registry; do
  until [[ -s $dir/$name.json ]]; do
    for pid in "${started[@]}"; do
      kill -0 "$pid" 2>/dev/null || { echo "a server did not start" >&2; exit 1; }
    done
    sleep 0.1
  done
done

for org in a b; do
  upper=ORG_${org^^}
  printf 'export %s_URL=%s\n' "$upper" "$(value $org login_url)"
  printf 'export %s_CLIENT_ID=%s\n' "$upper" "$(value $org client_id)"
  printf 'export %s_CLIENT_SECRET=%s\n' "$upper" "$(value $org client_secret)"
done >"$dir/env.new"
printf 'export KAFKA=%s\n' "$(value kafka bootstrap_servers)" >>"$dir/env.new"
printf 'export SCHEMA_REGISTRY=%s\n' "$(value registry url)" >>"$dir/env.new"
mv "$dir/env.new" "$dir/env"
echo "ready: . $dir/env"
wait
