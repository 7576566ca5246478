#!/usr/bin/env bash
# Starts one Kafka Connect worker (standalone, with the connectors for files) on a free loopback port and stops it with its parent.
#
#   connect.sh --bootstrap HOST:PORT   prints {"url":…,"pid":…,"data":…,"log":…} when its REST interface answers
#   connect.sh install                 only installs; quick when that is done
#
# Everything lives in a temporary directory, and the worker is killed at the end.
set -euo pipefail

PEER=connect
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lifecycle.sh
source "$here/lifecycle.sh"

home=$(peers_cache)/connect-$(fingerprint "$here"/connect/* "$here/kafka/log4j2.properties" "$here/lifecycle.sh" "$here/connect.sh")
jvm=(-Xms64m -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -Djava.awt.headless=true
  -Djava.net.preferIPv4Stack=true -Dlog4j2.disable.jmx=true "-Dlog4j2.configurationFile=$here/kafka/log4j2.properties")

dir='' port='' server='' bootstrap=''

class_path() { local IFS=:; local jars=("$home"/libs/*.jar); printf '%s' "${jars[*]}"; }

# write_properties DIR PORT
write_properties() {
  cat >"$1/worker.properties" <<EOF
bootstrap.servers=$bootstrap
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.storage.StringConverter
offset.storage.file.filename=$1/connect.offsets
listeners=http://127.0.0.1:$2
plugin.path=$home/plugins
plugin.discovery=service_load
EOF
}

install() {
  [[ -e $home/complete ]] && return
  need_java_17
  need_commands mvn setpriv flock curl
  locked maven install_locked
}

install_locked() {
  [[ -e $home/complete ]] && return
  rm -rf "$home" && mkdir -p "$home/plugins/file"
  maven "$home/maven.log" --file "$here/connect/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$home/libs"
  mv "$home"/libs/connect-file-*.jar "$home/plugins/file/"
  touch "$home/complete"
}

# start: starts a worker in `dir` and waits until it answers; another port is tried when one is taken.
start() {
  local attempt
  for attempt in 1 2 3; do
    port=$(free_port)
    write_properties "$dir" "$port"
    : >"$dir/connect.log"
    launch java "${jvm[@]}" -Dkafka.log="$dir/connect.log" -cp "$(class_path)" \
      org.apache.kafka.connect.cli.ConnectStandalone "$dir/worker.properties"
    if ready; then return; fi
    stop_server 0
    grep -qs 'Address already in use' "$dir/connect.log" "$dir/out.log" || break
  done
  say "the worker did not start at $attempt attempts; the end of $dir/connect.log:"
  tail -n 20 "$dir/connect.log" "$dir/out.log" >&2
  exit 1
}

ready() {
  local tries
  for ((tries = 0; tries < 600; tries++)); do
    running || return 1
    curl -s -o /dev/null -f "http://127.0.0.1:$port/connectors" && return
    pause 0.1
  done
  return 1
}

usage() {
  sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

while [[ $# -gt 0 ]]; do
  case $1 in
    install) [[ $# -eq 1 ]] || usage; install; exit ;;
    --bootstrap) [[ $# -ge 2 ]] || usage; bootstrap=$2; shift 2 ;;
    *) usage ;;
  esac
done
[[ -n $bootstrap ]] || usage

install
fresh_dir
trap 'stop_server 0; rm -rf "$dir"' EXIT
trap 'exit 0' INT TERM HUP
start
printf '{"url":"http://127.0.0.1:%s","pid":%s,"data":"%s","log":"%s"}\n' "$port" "$server" "$dir" "$dir/connect.log"
watch || { say "the worker ended by itself; see $dir/connect.log"; exit 1; }
