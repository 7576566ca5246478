#!/usr/bin/env bash
# Starts one Apache Kafka broker (KRaft) on free loopback ports and stops it with its parent.
#
#   kafka.sh [--data DIR] [--port PORT]   prints {"bootstrap_servers":…,"pid":…,"data":…,"log":…} when ready
#   kafka.sh --secured                    also {"tls":…,"mtls":…,"login":…,"login_tls":…,"oauth":…,"certificates":…}: ports with
#                                         TLS, with client certificates, with a login, with both, with tokens that need no
#                                         signature; and a directory of PEM files. User alice has the password alice-secret,
#                                         for PLAIN and for SCRAM; what no ACL forbids everybody may do
#   kafka.sh install                      only installs; quick when that is done
#
# Without --data, everything lives in a temporary directory and the broker is killed at the end.
# With --data, the directory stays and the broker is shut down in order, so that the same broker can be
# started again with the same --data and --port. SIGKILL of this script is a broker crash.
set -euo pipefail

PEER=kafka
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lifecycle.sh
source "$here/lifecycle.sh"

home=$(peers_cache)/kafka-$(fingerprint "$here"/kafka/* "$here/lifecycle.sh" "$here/kafka.sh")
jvm=(-Xms128m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -Xlog:disable -Xlog:all=error:stderr
  -Djava.awt.headless=true -Djava.net.preferIPv4Stack=true -Dlog4j2.disable.jmx=true
  "-Dlog4j2.configurationFile=$here/kafka/log4j2.properties")

data='' port='' dir='' server='' secured='' extra=()

class_path() { local IFS=:; local jars=("$home"/libs/*.jar); printf '%s' "${jars[*]}"; }

# write_properties DIR PORT CONTROLLER_PORT
write_properties() {
  local listeners="PLAINTEXT://127.0.0.1:$2,CONTROLLER://127.0.0.1:$3"
  [[ -z $secured ]] || listeners+=$(secured_listeners)
  cat "$here/kafka/server.properties" - >"$1/server.properties" <<EOF
listeners=$listeners
advertised.listeners=$listeners
controller.quorum.voters=1@127.0.0.1:$3
log.dirs=$1/data
EOF
  [[ -z $secured ]] || cat "$here/kafka/secured.properties" - >>"$1/server.properties" <<EOF
ssl.keystore.location=$1/certificates/broker.pem
ssl.truststore.location=$1/certificates/ca.pem
EOF
}

secured_listeners() {
  printf ',TLS://127.0.0.1:%s,MTLS://127.0.0.1:%s,LOGIN://127.0.0.1:%s,LOGINTLS://127.0.0.1:%s,OAUTH://127.0.0.1:%s' "${extra[@]}"
}

install() {
  [[ -e $home/complete ]] && return
  need_java_17
  need_commands mvn setpriv flock
  locked maven install_locked
}

install_locked() {
  [[ -e $home/complete ]] && return
  rm -rf "$home" && mkdir -p "$home"
  maven "$home/maven.log" --file "$here/kafka/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$home/libs"
  write_properties "$home" 1 2
  java "${jvm[@]}" -Dkafka.log="$home/format.log" -cp "$(class_path)" kafka.tools.StorageTool format \
    --cluster-id AAAAAAAAAAAAAAAAAAAAAA --config "$home/server.properties" \
    --add-scram 'SCRAM-SHA-256=[name=alice,password=alice-secret]' \
    --add-scram 'SCRAM-SHA-512=[name=alice,password=alice-secret]' >"$home/format.out" 2>&1 ||
    cannot_install "the storage could not be formatted, see $home/format.out"
  run_once
  touch "$home/complete"
}

# run_once: starts a broker, has it make its internal topics, and keeps its storage and its loaded classes.
# Every later broker starts from a copy: no formatting, half the class loading, no wait for the first group
# or transaction.
run_once() {
  fresh_dir
  trap 'stop_server 0; rm -rf "$dir"' EXIT
  start "-XX:ArchiveClassesAtExit=$home/classes.jsa"
  find_coordinator '\x00'
  find_coordinator '\x01'
  until_exists "$dir/data/__consumer_offsets-1" "$dir/data/__transaction_state-1"
  stop_server 60
  [[ -s $home/classes.jsa ]] || say "no class archive was written; brokers start slower"
  rm -rf "$home/data" "$dir/data/.lock"
  mv "$dir/data" "$home/data"
  rm -rf "$dir"
  trap - EXIT
  server='' dir='' port=''
}

# find_coordinator TYPE: a FindCoordinator request, version 1, with key "x", for a group (0) or a transaction (1).
# The broker makes the topic of that coordinator when it is first asked for one.
find_coordinator() {
  local broker
  exec {broker}<>"/dev/tcp/127.0.0.1/$port"
  printf '\x00\x00\x00\x0e\x00\x0a\x00\x01\x00\x00\x00\x01\xff\xff\x00\x01x%b' "$1" >&"$broker"
  read -r -t 10 -n 4 -u "$broker" || true
  exec {broker}>&-
}

until_exists() {
  local tries path
  for path in "$@"; do
    for ((tries = 0; tries < 400; tries++)); do
      [[ -e $path ]] && continue 2
      pause 0.05
    done
    cannot_install "the broker never made $path"
  done
}

# start JVM_OPTION...: starts a broker in `dir` and waits until it serves; another port is tried when one is taken.
start() {
  local attempt fixed=$port
  [[ -e $dir/data/meta.properties ]] || new_cluster
  for attempt in 1 2 3; do
    port=${fixed:-$(free_port)}
    [[ -z $secured ]] || extra=("$(free_port)" "$(free_port)" "$(free_port)" "$(free_port)" "$(free_port)")
    write_properties "$dir" "$port" "$(free_port)"
    : >"$dir/kafka.log"
    launch java "${jvm[@]}" "$@" -Dkafka.log="$dir/kafka.log" -cp "$(class_path)" \
      kafka.Kafka "$dir/server.properties"
    if ready; then return; fi
    stop_server 0
    [[ -z $fixed ]] || break
    grep -qs 'Address already in use' "$dir/kafka.log" "$dir/out.log" || break
  done
  say "the broker did not start at $attempt attempts; the end of $dir/kafka.log:"
  tail -n 20 "$dir/kafka.log" "$dir/out.log" >&2
  exit 1
}

# new_cluster: a copy of the formatted storage under a cluster id of its own.
new_cluster() {
  cp -R "$home/data" "$dir/data"
  local id
  id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c1-22)
  sed -i "s/^cluster.id=.*/cluster.id=$id/" "$dir/data/meta.properties"
}

ready() {
  local tries
  for ((tries = 0; tries < 1200; tries++)); do
    running || return 1
    grep -qs 'Kafka Server started' "$dir/kafka.log" && return
    pause 0.05
  done
  return 1
}

usage() {
  sed -n '2,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

while [[ $# -gt 0 ]]; do
  case $1 in
    install) [[ $# -eq 1 ]] || usage; install; exit ;;
    --data) [[ $# -ge 2 ]] || usage; data=$2; shift 2 ;;
    --secured) secured=1; shift ;;
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

if [[ -n $secured && ! -d $dir/certificates ]]; then
  need_commands openssl
  mkdir "$dir/certificates"
  "$here/kafka/certificates.sh" "$dir/certificates"
fi

archive=()
[[ -s $home/classes.jsa ]] && archive=("-XX:SharedArchiveFile=$home/classes.jsa")
start ${archive[@]+"${archive[@]}"}
more=''
[[ -z $secured ]] ||
  printf -v more ',"tls":"127.0.0.1:%s","mtls":"127.0.0.1:%s","login":"127.0.0.1:%s","login_tls":"127.0.0.1:%s","oauth":"127.0.0.1:%s","certificates":"%s"' \
    "${extra[@]}" "$dir/certificates"
printf '{"bootstrap_servers":"127.0.0.1:%s","pid":%s,"data":"%s","log":"%s"%s}\n' \
  "$port" "$server" "$dir" "$dir/kafka.log" "$more"
watch || { say "the broker ended by itself; see $dir/kafka.log"; exit 1; }
