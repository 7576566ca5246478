#!/usr/bin/env bash
# Starts a Confluent-compatible schema registry (Apicurio) on a free loopback port and stops it with its parent.
#
#   registry.sh [--data DIR] [--port PORT]   prints {"url":…,"pid":…,"data":…,"log":…} when ready
#   registry.sh install                      only installs; quick when that is done
#
# Without --data, everything lives in a temporary directory and the registry is killed at the end.
# With --data, the directory stays, so that the same registry can be started again with the same --data
# and --port. Compatibility is BACKWARD unless told otherwise, as in Confluent's registry.
set -euo pipefail

PEER=registry
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lifecycle.sh
source "$here/lifecycle.sh"

home=$(peers_cache)/registry-$(fingerprint "$here"/registry/* "$here/lifecycle.sh" "$here/registry.sh")
jvm=(-Xms64m -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -Xlog:disable -Xlog:all=error:stderr
  -Djava.net.preferIPv4Stack=true -Dquarkus.http.host=127.0.0.1 -Dquarkus.http.io-threads=2
  -Dquarkus.datasource.jdbc.initial-size=1 -Dquarkus.datasource.jdbc.min-size=1 -Dquarkus.datasource.jdbc.max-size=10)

data='' port='' dir='' server='' url=''

install() {
  [[ -e $home/complete ]] && return
  need_java_17
  need_commands mvn setpriv flock curl
  locked maven install_locked
}

install_locked() {
  [[ -e $home/complete ]] && return
  mkdir -p "$home"
  rm -rf "$home/app"
  maven "$home/maven.log" --file "$here/registry/pom.xml" dependency:unpack \
    -Dhome="$home" -DoutputDirectory="$home/app"
  archive_classes
  touch "$home/complete"
}

# archive_classes: runs a registry once and keeps its loaded classes, which shortens every start.
archive_classes() {
  fresh_dir
  trap 'stop_server 0; rm -rf "$dir"' EXIT
  start "-XX:ArchiveClassesAtExit=$home/classes.jsa"
  stop_server 60
  [[ -s $home/classes.jsa ]] || say "no class archive was written; registries start slower"
  rm -rf "$dir"
  trap - EXIT
  server='' dir='' port=''
}

# start JVM_OPTION...: starts a registry in `dir` and waits until it serves; another port is tried when one is taken.
start() {
  local attempt fixed=$port new=1 jars=("$home"/app/*-runner.jar)
  [[ -e $dir/registry.mv.db ]] && new=0
  for attempt in 1 2 3; do
    port=${fixed:-$(free_port)}
    url=http://127.0.0.1:$port/apis/ccompat/v7
    : >"$dir/out.log"
    launch java "${jvm[@]}" "$@" "-Dquarkus.http.port=$port" "-Dquarkus.datasource.jdbc.url=jdbc:h2:file:$dir/registry" \
      -jar "${jars[0]}"
    if ready; then
      [[ $new -eq 0 ]] || be_backward_compatible
      return
    fi
    stop_server 0
    [[ -z $fixed ]] || break
    grep -qs 'already bound' "$dir/out.log" || break
  done
  say "the registry did not start at $attempt attempts; the end of $dir/out.log:"
  tail -n 20 "$dir/out.log" >&2
  exit 1
}

# Asks the log and not the port, on which somebody else may listen.
ready() {
  local tries
  for ((tries = 0; tries < 1200; tries++)); do
    running || return 1
    grep -qs "Listening on: http://127.0.0.1:$port" "$dir/out.log" && return
    pause 0.05
  done
  return 1
}

be_backward_compatible() {
  curl --silent --show-error --fail --max-time 10 --output /dev/null --request PUT "$url/config" \
    --header 'Content-Type: application/vnd.schemaregistry.v1+json' --data '{"compatibility":"BACKWARD"}'
}

usage() {
  sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

while [[ $# -gt 0 ]]; do
  case $1 in
    install) [[ $# -eq 1 ]] || usage; install; exit ;;
    --data) [[ $# -ge 2 ]] || usage; data=$2; shift 2 ;;
    --port) [[ $# -ge 2 ]] || usage; port=$2; shift 2 ;;
    *) usage ;;
  esac
done

install
if [[ -n $data ]]; then
  mkdir -p "$data"
  dir=$(cd "$data" && pwd)
  hold_dir
  trap 'stop_server 15' EXIT
else
  fresh_dir
  trap 'stop_server 0; rm -rf "$dir"' EXIT
fi
trap 'exit 0' INT TERM HUP

archive=()
[[ -s $home/classes.jsa ]] && archive=("-XX:SharedArchiveFile=$home/classes.jsa")
start ${archive[@]+"${archive[@]}"}
printf '{"url":"%s","pid":%s,"data":"%s","log":"%s"}\n' "$url" "$server" "$dir" "$dir/out.log"
watch || { say "the registry ended by itself; see $dir/out.log"; exit 1; }
