# shellcheck shell=bash
# What the server peers share: where they are installed, which ports they take, and how they end.
#
# Nothing a peer starts may outlive the test that asked for it. Three deaths are covered: the parent
# closes the peer's stdin or dies (watched here), the script gets a signal (trapped here), the script
# is killed outright (the kernel then kills the server, through its parent-death signal).
#
# Exit codes of a peer: 0 stopped as asked, 1 the server failed, 69 it cannot be installed here.

CANNOT_INSTALL=69

peers_cache() { printf '%s\n' "${ORGSTREAM_PEERS_CACHE:-$HOME/.cache/orgstream-peers}"; }

say() { printf '%s: %s\n' "$PEER" "$*" >&2; }

# cannot_install REASON: the last line on stderr is the reason a test shows for skipping.
cannot_install() {
  say "cannot be installed: $*"
  exit "$CANNOT_INSTALL"
}

need_commands() {
  local command
  for command in "$@"; do
    command -v "$command" >/dev/null || cannot_install "the command \`$command\` is missing"
  done
}

need_java_17() {
  need_commands java
  local version
  version=$(java -version 2>&1 | sed -n '1s/.*version "\([0-9]*\).*/\1/p')
  [[ ${version:-0} -ge 17 ]] || cannot_install "Java 17 is needed, \`java\` is version ${version:-unknown}"
}

# fingerprint FILE...: names an installation after all that it is made from, so that a changed
# file never meets an old installation.
fingerprint() { cat "$@" | sha256sum | cut -c1-16; }

# locked NAME COMMAND...: runs a command under a lock of the cache directory.
locked() {
  local lock
  mkdir -p "$(peers_cache)"
  exec {lock}>"$(peers_cache)/$1.lock"
  flock "$lock"
  shift
  "$@"
  exec {lock}>&-
}

# maven LOG ARGUMENT...: one Maven run. Its local repository is not safe for two writers, so callers
# hold the lock `maven`.
maven() {
  local log=$1
  shift
  mvn --batch-mode --no-transfer-progress -Dmaven.wagon.http.retryHandler.count=5 "$@" >"$log" 2>&1 ||
    cannot_install "Maven failed: $(grep -m1 '^\[ERROR\]' "$log" || tail -n1 "$log")"
}

# node_packages NAME FOLDER: sets `home` to the directory of the cache that has the packages of FOLDER/package.json in
# its node_modules, and installs them first where they are missing. NAME is the installation's and its lock's.
node_packages() {
  local version
  home=$(peers_cache)/$1-$(fingerprint "$2/package.json")
  [[ -e $home/complete ]] && return
  need_commands node npm flock
  version=$(node --version)
  version=${version#v}
  [[ ${version%%.*} -ge 18 ]] || cannot_install "Node 18 is needed, \`node\` is v$version"
  locked "$1" npm_install "$2"
}

# npm_install FOLDER: installs into `home`, under the lock of the installation.
npm_install() {
  [[ -e $home/complete ]] && return
  rm -rf "$home" && mkdir -p "$home"
  cp "$1/package.json" "$home/"
  (cd "$home" && npm install --no-audit --no-fund --no-package-lock --ignore-scripts) >"$home/install.log" 2>&1 ||
    cannot_install "npm failed: $(grep -m1 'npm error' "$home/install.log" || tail -n1 "$home/install.log")"
  touch "$home/complete"
}

# free_port: a loopback port nobody listens on, below the range from which the kernel takes the
# ports of outgoing connections. Another process may still take it first; callers retry.
free_port() {
  local port
  while true; do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  printf '%s\n' "$port"
}

# fresh_dir: makes a temporary directory that is locked as long as this script or its server lives,
# and removes those whose owners died without cleaning up. Sets `dir`.
fresh_dir() {
  local root=${TMPDIR:-/tmp} sweep old probe
  exec {sweep}>"$root/orgstream-$PEER.lock"
  flock "$sweep"
  for old in "$root/orgstream-$PEER".*/; do
    [[ -O $old ]] || continue
    exec {probe}>>"$old/alive" || continue
    if flock --nonblock "$probe"; then rm -rf "$old"; fi
    exec {probe}>&-
  done
  dir=$(mktemp -d "$root/orgstream-$PEER.XXXXXXXX")
  hold_dir
  exec {sweep}>&-
}

# hold_dir: locks `dir`. The server inherits the lock, so that it ends with the last of the two.
hold_dir() {
  exec {alive}>>"$dir/alive"
  flock --nonblock "$alive" || { say "$dir is in use by another $PEER"; exit 1; }
}

# launch COMMAND...: starts the server; sets `server`. Its output goes to `dir`/out.log.
launch() {
  setpriv --pdeathsig KILL -- "$@" </dev/null >>"$dir/out.log" 2>&1 &
  server=$!
}

# process_field NAME PID FIELD: puts a field of /proc/PID/status into a variable; fails if there is no such process.
process_field() {
  local key value _
  { while read -r key value _; do
    [[ $key == "$3:" ]] && { printf -v "$1" '%s' "$value"; return; }
  done <"/proc/$2/status"; } 2>/dev/null
  return 1
}

# A server that has ended may wait as a zombie: bash collects no child while it runs a trap.
running() {
  local state
  process_field state "$server" State && [[ $state != Z ]]
}

# stop_server GRACE: TERM, then KILL once GRACE seconds have passed.
stop_server() {
  [[ -n ${server:-} ]] || return 0
  local tenths=$(($1 * 10))
  running && [[ $tenths -gt 0 ]] && kill -TERM "$server" 2>/dev/null
  while running && [[ $tenths -gt 0 ]]; do
    pause 0.1
    tenths=$((tenths - 1))
  done
  kill -KILL "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
}

exec {never}<> <(:)
# pause SECONDS: sleeps without a process of its own.
pause() { read -r -t "$1" -u "$never" || true; }

# watch: returns once the parent is gone or has closed stdin; fails if the server ends before.
# A stdin that is no pipe (a terminal, /dev/null) says nothing about the parent.
watch() {
  local parent status
  while running; do
    process_field parent $$ PPid
    [[ $parent == "$PPID" ]] || return 0
    if [[ -p /dev/stdin || -S /dev/stdin ]]; then
      status=0
      read -r -t 0.2 || status=$?
      [[ $status -eq 0 || $status -gt 128 ]] || return 0
    else
      pause 0.2
    fi
  done
  return 1
}
