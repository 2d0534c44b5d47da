#!/usr/bin/env bash
# Removes from AWS what deploy.sh made: the stacks, and, after asking, the data.
#
#   infra/scripts/teardown.sh --bucket NAME [--keep-data] [--yes] [--region REGION] [--dry-run]
#       --keep-data leaves the bucket with everything in it
#       --yes does not ask
#
# The topics of an EC2 broker or MSK go with their stack, always. Deleting the data is a request for
# a thousand versions of objects; of millions, let a lifecycle rule expire them, which is free. What
# stays: the log groups /aws-glue/…, and a KMS key of yours.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

keep=no
yes=no
while [ $# -gt 0 ]; do
  case $1 in
    --bucket) given "${2:-}" "$1"; bucket=$2; shift 2 ;;
    --keep-data) keep=yes; shift ;;
    --yes) yes=yes; shift ;;
    --region) given "${2:-}" "$1"; export AWS_REGION=$2; shift 2 ;;
    --dry-run) dry=yes; shift ;;
    --help | -h) help; exit ;;
    *) echo "teardown.sh: unknown argument $1" >&2; usage ;;
  esac
done
[ -n "$bucket" ] || fail "--bucket is missing"

ask() {
  [ "$dry" = no ] && [ "$yes" = no ] || return 0
  [ -t 0 ] || fail "nobody is there to be asked: give --yes"
  local answer
  echo "This deletes the stacks $hosts, $kafka with its topics, $queries and $lake$([ "$keep" = yes ] || echo ", and everything in s3://$bucket")."
  read -r -p "Type the name of the bucket to go on: " answer
  [ "$answer" = "$bucket" ] || fail "nothing was deleted"
}

remove() {
  if [ "$dry" = no ] && ! exists "$1"; then
    echo "no stack $1"
    return
  fi
  change cloudformation delete-stack --stack-name "$1"
  change cloudformation wait stack-delete-complete --stack-name "$1" \
    || fail "the stack $1 is still there: aws cloudformation describe-stack-events --stack-name $1 says why"
  [ "$dry" = yes ] || echo "deleted the stack $1"
}

# Deletes all versions of all objects, a thousand with each request.
empty() {
  local deleted=0 found problem
  while :; do
    # shellcheck disable=SC2016 # The CLI's own quotes.
    aws s3api list-object-versions --bucket "$bucket" --max-items 1000 --output json \
      --query '{Objects: [Versions, DeleteMarkers][][].{Key: Key, VersionId: VersionId}, Quiet: `true`}' >"$work"
    found=$(grep -c '"Key"' "$work" || true)
    [ "$found" -gt 0 ] || break
    problem=$(aws s3api delete-objects --bucket "$bucket" --delete "file://$work" --query 'Errors[0].Message' --output text) \
      || fail "the objects of $bucket cannot be deleted"
    [ "$problem" = None ] || fail "an object of $bucket cannot be deleted: $problem"
    deleted=$((deleted + found))
    echo "deleted $deleted versions of objects" >&2
  done
}

delete_data() {
  if [ "$dry" = yes ]; then
    show s3api list-object-versions --bucket "$bucket" --max-items 1000
    show s3api delete-objects --bucket "$bucket" --delete file://VERSIONS
  elif ! aws s3api head-bucket --bucket "$bucket" 2>/dev/null; then
    echo "no bucket $bucket"
    return
  else
    empty
  fi
  change s3api delete-bucket --bucket "$bucket"
  [ "$dry" = yes ] || echo "deleted the bucket $bucket"
}

work=$(mktemp)
trap 'rm -f "$work"' EXIT
need_aws
# Another bucket than the lake's is a mistake in the most dangerous place.
if exists "$lake"; then
  owned=$(output "$lake" Bucket)
  [ "$owned" = "$bucket" ] || fail "the bucket of the stack $lake is $owned, and not $bucket"
fi
ask
for name in "$hosts" "$kafka" "$queries" "$lake"; do remove "$name"; done
[ "$keep" = yes ] || delete_data
