#!/usr/bin/env bash
# A real S3 server (versitygw over a directory) on 127.0.0.1 without docker, for trying, tests and
# benchmarks.
#
#   infra/local/s3.sh fetch
#       builds the server; a start does that, too
#   infra/local/s3.sh start [--dir DIR] [--port 4566] [--bucket NAME]
#       prints the endpoint; starting twice is harmless
#   infra/local/s3.sh stop [--dir DIR]
#       the objects stay, another start goes on with them
#   infra/local/s3.sh wipe [--dir DIR]
#       stop, and delete the objects
#
# Access key test, secret test, region us-east-1, path style: what .env.example says. Buckets are
# folders of DIR/buckets. Needs Go for the first start: it builds versitygw (Apache-2.0) once into
# ~/.cache/stock-market-pipeline, in minutes. Only a process that was started over DIR is ever
# signalled.
set -euo pipefail

version=v1.8.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/stock-market-pipeline
program=$cache/versitygw-$version/versitygw
directory=$cache/s3-data
marker=.made-by-s3.sh
port=4566
bucket=

fail() { echo "s3.sh: $*" >&2; exit 1; }
usage() { sed -n '2,17s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

command=${1:-}
shift || true
while [ $# -gt 0 ]; do
  case $1 in
    --dir) directory=${2:?--dir needs a directory}; shift 2 ;;
    --port) port=${2:?--port needs a number}; shift 2 ;;
    --bucket) bucket=${2:?--bucket needs a name}; shift 2 ;;
    *) echo "s3.sh: unknown argument $1" >&2; usage ;;
  esac
done
[[ $port =~ ^[0-9]{4,5}$ && $port -le 65535 ]] || fail "--port $port is not a port above 999"
[[ $bucket =~ ^[a-z0-9.-]*$ ]] || fail "--bucket $bucket: lower-case letters, digits, dots and hyphens only"
[[ $directory = /* ]] || directory=$PWD/$directory

build() {
  [ -x "$program" ] && return
  go version 2>/dev/null | grep -Eq "go1\.(2[1-9]|[3-9][0-9])" \
    || fail "Go 1.21 or newer is needed to build versitygw $version: see go.dev, or apt-get install golang-go where it is new enough"
  mkdir -p "$(dirname "$program")"
  # The lock ends with this subshell; the second of two first starts finds the program.
  ( flock 9; [ -x "$program" ] || install ) 9>"$cache/versitygw.lock"
}

install() {
  echo "s3.sh: building versitygw $version, once" >&2
  GOBIN=$(dirname "$program") go install -ldflags='-s -w' "github.com/versity/versitygw/cmd/versitygw@$version" \
    || fail "versitygw $version could not be built"
}

# The process id when the server over this directory is running.
running() {
  local id
  id=$(cat "$directory/pid" 2>/dev/null) || return 1
  tr '\0' '\n' <"/proc/$id/cmdline" 2>/dev/null | grep -qxF "$directory/buckets" && echo "$id"
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
  mark
  # With a folder of accounts an unknown access key is answered with 403, as S3 does.
  mkdir -p "$directory/buckets" "$directory/accounts"
  [ -z "$bucket" ] || mkdir -p "$directory/buckets/$bucket"
  if id=$(running); then
    [ "$(cat "$directory/port")" = "$port" ] || fail "process $id already runs over $directory on another port: stop it first"
    echo "http://127.0.0.1:$port"
    return
  fi
  build
  ! listening || fail "port $port is in use: choose another --port"
  ROOT_ACCESS_KEY=test ROOT_SECRET_KEY=test "$program" --port "127.0.0.1:$port" --region us-east-1 --keep-alive --quiet \
    --iam-dir "$directory/accounts" posix "$directory/buckets" >"$directory/server.log" 2>&1 </dev/null &
  id=$!
  disown
  echo "$id" >"$directory/pid"
  echo "$port" >"$directory/port"
  for _ in $(seq 200); do
    listening && { echo "http://127.0.0.1:$port"; return; }
    kill -0 "$id" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 5 "$directory/server.log" >&2
  kill -9 "$id" 2>/dev/null || true
  fail "the server did not start within 20 s: see $directory/server.log"
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
  fetch) build ;;
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
