#!/usr/bin/env bash
# Runs infra/scripts offline: deploy, smoke and teardown by the real AWS CLI against moto, as far as
# moto goes. What moto's services hold afterwards is compared with infra/cloudformation/moto.txt, so
# that a change is noticed: of many types of resources moto says that they are made, and makes none.
#
#   infra/local/stacks.sh fetch
#       downloads the AWS CLI and moto; a check does that, too
#   infra/local/stacks.sh check [--dir DIR]
#       one line for each problem; ends with 1 when there is one
#
# Needs Python; the first run fetches 300 MB into ~/.cache/stock-market-pipeline.
set -euo pipefail

version=1.46.3
cache=${XDG_CACHE_HOME:-$HOME/.cache}/stock-market-pipeline
cli=$cache/awscli-$version
directory=$cache/stacks-data
bucket=kafka-stock-market-project
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scripts=$here/../scripts

fail() { echo "stacks.sh: $*" >&2; exit 1; }
usage() { sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

command=${1:-}
shift || true
while [ $# -gt 0 ]; do
  case $1 in
    --dir) directory=${2:?--dir needs a directory}; shift 2 ;;
    *) echo "stacks.sh: unknown argument $1" >&2; usage ;;
  esac
done

fetch() {
  mkdir -p "$cache"
  # The lock ends with this subshell; the second of two first starts finds the program.
  ( flock 9; [ -x "$cli/bin/python" ] || install ) 9>"$cache/awscli.lock"
  "$here/moto.sh" fetch
}

install() {
  echo "stacks.sh: fetching the AWS CLI $version, once" >&2
  rm -rf "$cli.part"
  python3 -m venv "$cli.part" && "$cli.part/bin/python" -m pip install -q "awscli==$version" \
    || fail "the AWS CLI $version could not be installed: are python3 and python3-venv there?"
  # Programs of a venv know its path, python itself does not need it.
  mv "$cli.part" "$cli"
}

free_port() {
  local port=5666
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 7)); done
  echo "$port"
}

problems=0
problem() { echo "$*"; problems=$((problems + 1)); }

# run NAME CODE COMMAND…: runs it, and compares how it ends.
run() {
  local name=$1 code=$2 ended=0
  shift 2
  "$@" >"$work/$name.log" 2>&1 </dev/null || ended=$?
  [ "$ended" = "$code" ] && return
  problem "$name ended with $ended, and not $code:"
  tail -n 20 "$work/$name.log"
}

# says NAME TEXT: whether a script printed it.
says() { grep -qF -- "$2" "$work/$1.log" || problem "$1 does not say '$2', but: $(tail -n 3 "$work/$1.log")"; }

# What Athena is to answer to the next query: one row.
answers() {
  local number cells=''
  for number in "$@"; do cells+="${cells:+,}{\"VarCharValue\":\"$number\"}"; done
  curl -fsS -X POST -H 'Content-Type: application/json' \
    -d "{\"region\":\"us-east-1\",\"results\":[{\"rows\":[{\"Data\":[]},{\"Data\":[$cells]}],\"column_info\":[]}]}" \
    "$endpoint/moto-api/static/athena/query-results" >/dev/null
}

check() {
  fetch
  work=$(mktemp -d)
  trap '"$here/moto.sh" wipe --dir "$directory"; rm -rf "$work"' EXIT
  endpoint=$("$here/moto.sh" start --dir "$directory" --port "$(free_port)")
  mkdir "$work/bin" "$work/programs"
  printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$cli/bin/python" "$here/stacks_cli.py" >"$work/bin/aws"
  # What is uploaded in place of the programs: deploy.sh asks that they can be run.
  printf '#!/bin/sh\n' | tee "$work/programs/producer" >"$work/programs/consumer"
  chmod +x "$work/bin/aws" "$work/programs"/*
  # Nothing of this machine's settings for AWS.
  export PATH=$work/bin:$PATH AWS_ENDPOINT_URL=$endpoint AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 \
    AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_CONFIG_FILE=$work/none AWS_SHARED_CREDENTIALS_FILE=$work/none
  unset AWS_PROFILE AWS_SESSION_TOKEN

  run hosts-too-early 1 "$scripts/deploy.sh" hosts --bucket "$bucket" --programs "$work/programs"
  says hosts-too-early "the stack stock-market-lake is missing"
  aws s3api create-bucket --bucket "$bucket" >/dev/null
  run bucket-of-another 1 "$scripts/deploy.sh" lake --bucket "$bucket"
  says bucket-of-another "no stack stock-market-lake owns it"
  aws s3api delete-bucket --bucket "$bucket"

  # Moto makes no workgroup of a template, and the views need one to be asked for.
  aws athena create-work-group --name stock-market
  run lake 0 "$scripts/deploy.sh" lake --bucket "$bucket" --from 2026-11-01
  run kafka 0 "$scripts/deploy.sh" kafka --public-cidr 203.0.113.7/32
  run hosts 0 "$scripts/deploy.sh" hosts --bucket "$bucket" --programs "$work/programs"
  "$cache/moto-5.2.5/bin/python" "$here/stacks.py" "$here/../cloudformation" >"$work/found.txt"
  diff "$here/../cloudformation/moto.txt" "$work/found.txt" || problem "infra/cloudformation/moto.txt is not what moto made: > is new"
  # A second time nothing changes.
  run lake-again 0 "$scripts/deploy.sh" lake --bucket "$bucket"
  run hosts-again 0 "$scripts/deploy.sh" hosts --bucket "$bucket" --programs "$work/programs"
  "$cache/moto-5.2.5/bin/python" "$here/stacks.py" "$here/../cloudformation" | diff "$work/found.txt" - || problem "a second deployment changed something"

  # Athena answers what it is told to here; what is checked is the script.
  local object
  for object in 1 2 3; do echo '{}' | aws s3 cp --only-show-errors - "s3://$bucket/stock-market/json/dt=2026-11-21/$object.json"; done
  answers 3 3 3 2
  run smoke 0 "$scripts/smoke.sh" --bucket "$bucket" --expect 3
  says smoke "Athena sees each object once"
  answers 2 3 3 0
  run smoke-of-too-few 1 "$scripts/smoke.sh" --bucket "$bucket" --expect 3
  says smoke-of-too-few "2 is not between 3 and 3"
  says smoke-of-too-few "the view bars has no rows"
  says smoke-of-too-few "2 records, and not the 3"

  run teardown-unasked 1 "$scripts/teardown.sh" --bucket "$bucket"
  says teardown-unasked "nobody is there to be asked"
  run teardown-of-another 1 "$scripts/teardown.sh" --bucket another --yes
  says teardown-of-another "the bucket of the stack stock-market-lake is $bucket"
  run teardown 0 "$scripts/teardown.sh" --bucket "$bucket" --yes
  says teardown "deleted the bucket $bucket"
  local left
  left=$(aws cloudformation list-stacks --query "StackSummaries[?StackStatus!='DELETE_COMPLETE'].StackName" --output text)$(aws s3 ls)$(aws iam list-roles --query 'Roles[].RoleName' --output text)
  [ -z "$left" ] || problem "teardown left: $left"
  run teardown-again 0 "$scripts/teardown.sh" --bucket "$bucket" --yes
  echo "deploy, smoke and teardown ran against moto; $(grep -c ' made ' "$work/found.txt") resources made, $(grep -c ' skipped ' "$work/found.txt") skipped by moto; $problems problems"
  [ "$problems" = 0 ]
}

case $command in
  fetch) fetch ;;
  check) check ;;
  *) usage ;;
esac
