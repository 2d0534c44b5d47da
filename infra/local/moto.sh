#!/usr/bin/env bash
# Moto on 127.0.0.1 without docker: S3, IAM and other services of AWS in memory, with IAM's decision
# on each request, by action and resource.
#
#   infra/local/moto.sh fetch
#       installs it; a start does that, too
#   infra/local/moto.sh start [--dir DIR] [--port 5566]
#       prints the endpoint; starting twice is harmless
#   infra/local/moto.sh stop [--dir DIR]
#       everything in it is forgotten
#   infra/local/moto.sh wipe [--dir DIR]
#       stop, and delete the directory
#
# At first any key may do anything. A POST of 0 to /moto-api/reset-auth turns authorisation on: from
# then on each request needs a valid signature and a policy that allows it. Conditions of policies
# are not looked at. Needs Python: the first start fetches 200 MB into
# ~/.cache/stock-market-pipeline. Only a process that was started over DIR is ever signalled.
set -euo pipefail

version=5.2.5
cache=${XDG_CACHE_HOME:-$HOME/.cache}/stock-market-pipeline
python=$cache/moto-$version/bin/python
directory=$cache/moto-data
marker=.made-by-moto.sh
port=5566

fail() { echo "moto.sh: $*" >&2; exit 1; }
usage() { sed -n '2,18s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

command=${1:-}
shift || true
while [ $# -gt 0 ]; do
  case $1 in
    --dir) directory=${2:?--dir needs a directory}; shift 2 ;;
    --port) port=${2:?--port needs a number}; shift 2 ;;
    *) echo "moto.sh: unknown argument $1" >&2; usage ;;
  esac
done
[[ $port =~ ^[0-9]{4,5}$ && $port -le 65535 ]] || fail "--port $port is not a port above 999"
[[ $directory = /* ]] || directory=$PWD/$directory

fetch() {
  [ -x "$python" ] && return
  mkdir -p "$cache"
  # The lock ends with this subshell; the second of two first starts finds the program.
  ( flock 9; [ -x "$python" ] || install ) 9>"$cache/moto.lock"
}

install() {
  echo "moto.sh: fetching moto $version, once" >&2
  local work=$cache/moto-$version.part
  rm -rf "$work"
  python3 -m venv "$work" && "$work/bin/pip" install -q "moto[server]==$version" \
    || fail "moto $version could not be installed: are python3 and python3-venv there?"
  # Programs of a venv know its path, python itself does not need it.
  mv "$work" "$cache/moto-$version"
}

# The process id when the server over this directory is running.
running() {
  local id
  id=$(cat "$directory/pid" 2>/dev/null) || return 1
  tr '\0' '\n' 2>/dev/null <"/proc/$id/cmdline" | grep -qxF "$directory/server.py" && echo "$id"
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

# Marks a folder that this script makes, or finds empty: wipe deletes no other.
mark() {
  [ -z "$(ls -A "$directory" 2>/dev/null)" ] || return 0
  mkdir -p "$directory"
  : >"$directory/$marker"
}

start() {
  local id
  if id=$(running); then
    [ "$(cat "$directory/port")" = "$port" ] || fail "process $id already runs over $directory on another port: stop it first"
    echo "http://127.0.0.1:$port"
    return
  fi
  fetch
  ! listening || fail "port $port is in use: choose another --port"
  mark
  cat >"$directory/server.py" <<'PYTHON'
import sys
import threading
from moto import server

# One request at a time: moto looks whether an object exists, and writes it later.
lock = threading.Lock()

class OneAtATime(server.DomainDispatcherApplication):
    def __call__(self, environ, start_response):
        with lock:
            return super().__call__(environ, start_response)

server.DomainDispatcherApplication = OneAtATime
server.main(["-H", "127.0.0.1", "-p", sys.argv[1]])
PYTHON
  "$python" "$directory/server.py" "$port" >"$directory/server.log" 2>&1 </dev/null &
  id=$!
  disown
  echo "$id" >"$directory/pid"
  echo "$port" >"$directory/port"
  for _ in $(seq 300); do
    listening && { echo "http://127.0.0.1:$port"; return; }
    kill -0 "$id" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 5 "$directory/server.log" >&2
  kill -9 "$id" 2>/dev/null || true
  fail "the server did not start within 30 s: see $directory/server.log"
}

stop() {
  local id
  id=$(running) || return 0
  kill "$id"
  for _ in $(seq 100); do
    kill -0 "$id" 2>/dev/null || { rm -f "$directory/pid"; return; }
    sleep 0.1
  done
  kill -9 "$id"
  rm -f "$directory/pid"
}

case $command in
  fetch) fetch ;;
  start) start ;;
  stop) stop ;;
  wipe)
    [ ! -e "$directory" ] || [ -e "$directory/$marker" ] \
      || fail "$directory was not made by this script (it has no $marker): delete it by hand if it can go"
    stop
    rm -rf "$directory"
    ;;
  *) usage ;;
esac
