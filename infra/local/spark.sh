#!/usr/bin/env bash
# Spark as Glue 5.1 has it (3.5.6, with Iceberg 1.10.0), on this machine without docker, for the
# test of the ETL job in infra/glue/etl.
#
#   infra/local/spark.sh fetch
#       downloads what the others need; they do that, too
#   infra/local/spark.sh lint
#       checks the job's Python (ruff), and the definitions of job, trigger and crawler against
#       the shapes of Glue's API (botocore)
#   infra/local/spark.sh test [--programs DIR]
#       lints; then lands records with the real programs (producer, consumer and sandbox in DIR,
#       which Cargo builds unless it is given), and runs the transformation on the landed objects
#
# Needs Java 17, Maven and Python 3.11, which Glue 5.1 has, or newer. The first start fetches 400 MB
# into ~/.cache/stock-market-pipeline. Everything else is in a temporary folder; the sandbox is
# stopped by its process id.
set -euo pipefail

version=3.5.6
iceberg=1.10.0
ruff=0.17.6
botocore=1.44.8
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/stock-market-pipeline
spark=$cache/pyspark-$version-iceberg-$iceberg
python=$spark/bin/python
programs=

fail() { echo "spark.sh: $*" >&2; exit 1; }
usage() { sed -n '2,17s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

command=${1:-}
shift || true
while [ $# -gt 0 ]; do
  case $1 in
    --programs) programs=${2:?--programs needs a directory}; shift 2 ;;
    *) echo "spark.sh: unknown argument $1" >&2; usage ;;
  esac
done

fetch() {
  [ -d "$spark" ] && return
  mkdir -p "$cache"
  # The lock ends with this subshell; the second of two first starts finds everything.
  ( flock 9; [ -d "$spark" ] || download ) 9>"$cache/pyspark.lock"
}

download() {
  command -v mvn >/dev/null || fail "Maven is needed to fetch Iceberg: sudo apt-get install maven"
  echo "spark.sh: fetching PySpark $version and Iceberg $iceberg (400 MB), once" >&2
  local work=$spark.part artifact=iceberg-spark-runtime-3.5_2.12
  rm -rf "$work"
  python3 -m venv "$work" && "$work/bin/pip" install -q "pyspark==$version" "ruff==$ruff" "botocore==$botocore" \
    || fail "PySpark $version could not be installed: are python3 and python3-venv there?"
  # A repository of its own: the archive is not kept twice.
  mvn --quiet --batch-mode "-Dmaven.repo.local=$work/repository" \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get "-Dartifact=org.apache.iceberg:$artifact:$iceberg" -Dtransitive=false >"$work/maven.log" 2>&1 \
    || fail "Maven could not fetch $artifact:$iceberg: $(grep -m 1 ERROR "$work/maven.log")"
  mv "$work/repository/org/apache/iceberg/$artifact/$iceberg/$artifact-$iceberg.jar" "$work/iceberg.jar"
  rm -rf "$work/repository" "$work/maven.log"
  # Programs of a venv know its path; python itself does not need it.
  mv "$work" "$spark"
}

lint() {
  fetch
  "$python" -m ruff check --no-cache --isolated --line-length 100 --target-version py311 \
    --select E,F,W,I,B,UP,SIM,RET,PL --ignore PLR0913,PLR0917,PLR2004 "$top/infra/glue/etl"
  "$python" -m ruff format --no-cache --isolated --line-length 100 --target-version py311 --check "$top/infra/glue/etl"
  "$python" - "$top/infra/glue" <<'PYTHON'
import json
import pathlib
import sys

import botocore.session
from botocore.validate import ParamValidator

model = botocore.session.get_session().get_service_model("glue")
for name, operation in (("crawler", "CreateCrawler"), ("job", "CreateJob"), ("trigger", "CreateTrigger")):
    shape = model.operation_model(operation).input_shape
    value = json.loads(pathlib.Path(sys.argv[1], f"{name}.json").read_text())
    problems = ParamValidator().validate(value, shape).generate_report()
    if problems:
        sys.exit(f"infra/glue/{name}.json is no {operation}:\n{problems}")
    if not ParamValidator().validate({**value, "Nme": ""}, shape).has_errors():
        sys.exit(f"the shape of {operation} takes a member that it does not have")
print("crawler, job and trigger have the shapes of Glue's API")
PYTHON
}

build() {
  cargo build --manifest-path "$top/Cargo.toml" --locked -q -p producer -p consumer -p sandbox
  programs=${CARGO_TARGET_DIR:-$top/target}/debug
}

run_tests() {
  lint
  [ -n "$programs" ] || build
  local program
  for program in producer consumer sandbox; do
    [ -x "$programs/$program" ] || fail "there is no $programs/$program: build it, or leave --programs out"
  done
  # py4j, Spark's bridge, leaves sockets to the collector.
  PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore::ResourceWarning ICEBERG_JAR=$spark/iceberg.jar PROGRAMS=$(cd "$programs" && pwd) \
    "$python" "$top/infra/glue/etl/test_transform.py"
}

case $command in
  fetch) fetch ;;
  lint) lint ;;
  test) run_tests ;;
  *) usage ;;
esac
