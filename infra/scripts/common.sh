# shellcheck shell=bash
# shellcheck disable=SC2034 # The scripts that read this file use the names.
# What deploy.sh, smoke.sh and teardown.sh share. Not for running by itself.

script=$(realpath "$0")
here=$PWD
# So that a dry run prints paths of the repository.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# Names of resources in the templates are fixed, so there is one of each in an account and region.
lake=stock-market-lake
queries=stock-market-queries
kafka=stock-market-kafka
hosts=stock-market-hosts
workgroup=stock-market
dry=no
bucket=
# Where a dry run prints, also from within $(…).
exec 3>&1

fail() { echo "$(basename "$0"): $*" >&2; exit 1; }
# The comment at the head of the script that runs.
help() { sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$script"; }
usage() { help >&2; exit 2; }

# given VALUE FLAG: ends when the flag has no value.
given() { [ -n "${1:-}" ] || fail "$2 needs a value; see --help"; }

# Prints a command as one would type it.
show() {
  local word line=aws
  for word in "$@"; do
    [[ $word =~ ^[A-Za-z0-9@%+=:,./_-]+$ ]] || word=${word@Q}
    line+=" $word"
  done
  echo "$line" >&3
}

# change ARGUMENTS…: runs the AWS CLI; in a dry run prints the command.
change() { if [ "$dry" = yes ]; then show "$@"; else aws "$@"; fi; }

# look NAME ARGUMENTS…: prints what the AWS CLI answers; in a dry run the command, and <NAME> for
# the answer.
look() {
  local name=$1 answer
  shift
  if [ "$dry" = yes ]; then
    show "$@"
    echo "<$name>"
    return
  fi
  answer=$(aws "$@" --output text) || return 1
  # How the AWS CLI prints a null.
  [ "$answer" = None ] || echo "$answer"
}

# Ends unless the AWS CLI is there, has a region, and AWS knows who asks.
need_aws() {
  [ "$dry" = no ] || return 0
  command -v aws >/dev/null || fail "the AWS CLI is missing: install it (docs.aws.amazon.com/cli), or look with --dry-run at what would run"
  local region identity
  region=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}
  [ -n "$region" ] || fail "no region: give --region, or set AWS_REGION"
  # The first version of the CLI knows the second name only.
  export AWS_REGION=$region AWS_DEFAULT_REGION=$region
  identity=$(aws sts get-caller-identity --query Arn --output text 2>&1) \
    || fail "AWS does not let you in: ${identity##*$'\n'}; log in with aws configure, aws sso login, or an instance role"
  echo "as $identity in $region" >&2
}

# status STACK: empty when there is no such stack.
status() {
  local answer
  if ! answer=$(look "status of $1" cloudformation describe-stacks --stack-name "$1" --query 'Stacks[0].StackStatus' 2>&1); then
    case $answer in *"does not exist"*) return ;; *) fail "the stack $1 cannot be looked up: ${answer##*$'\n'}" ;; esac
  fi
  echo "$answer"
}
exists() { [ "$dry" = no ] && [ -n "$(status "$1")" ]; }

# output STACK NAME, parameter STACK NAME: one value of a stack; empty when it has none.
output() { look "$2 of $1" cloudformation describe-stacks --stack-name "$1" --query "Stacks[0].Outputs[?OutputKey=='$2'] | [0].OutputValue"; }
parameter() { look "$2 of $1" cloudformation describe-stacks --stack-name "$1" --query "Stacks[0].Parameters[?ParameterKey=='$2'] | [0].ParameterValue"; }

# stack NAME TEMPLATE PARAMETER=VALUE…: makes or updates it; parameters that are not given stay.
stack() {
  local name=$1 template=$2 parameters=()
  shift 2
  [ $# = 0 ] || parameters=(--parameter-overrides "$@")
  if [ "$dry" = no ]; then
    case $(status "$name") in
      ROLLBACK_COMPLETE | DELETE_FAILED)
        fail "the stack $name failed before: look at its events, then aws cloudformation delete-stack --stack-name $name" ;;
    esac
  fi
  change cloudformation deploy --stack-name "$name" --template-file "infra/cloudformation/$template" \
    --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset "${parameters[@]}" || {
    aws cloudformation describe-stack-events --stack-name "$name" --output text \
      --query "StackEvents[?ends_with(ResourceStatus, 'FAILED')].[LogicalResourceId, ResourceStatusReason]" >&2 || true
    fail "the stack $name was not made; what failed stands above"
  }
}

# athena QUERY: runs one statement (a text, or file://PATH), waits for its end, and prints the id of
# its execution. Bounded by the half hour that Athena gives a query.
athena() {
  local id state
  id=$(look QUERY athena start-query-execution --work-group "$workgroup" --query-string "$1" --query QueryExecutionId) || return 1
  [ "$dry" = no ] || { echo "$id"; return; }
  for _ in $(seq 1800); do
    state=$(aws athena get-query-execution --query-execution-id "$id" --query QueryExecution.Status.State --output text) || return 1
    case $state in
      SUCCEEDED) echo "$id"; return ;;
      FAILED | CANCELLED)
        aws athena get-query-execution --query-execution-id "$id" --query QueryExecution.Status.StateChangeReason --output text >&2
        return 1
        ;;
    esac
    sleep 1
  done
  echo "Athena did not end the query $id within half an hour" >&2
  return 1
}
