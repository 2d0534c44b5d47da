#!/usr/bin/env bash
# Whether Athena sees what has landed on AWS: compares the objects in the bucket with the rows of
# the table, of the view, and with the names of objects that Athena read. One object is one record.
#
#   infra/scripts/smoke.sh --bucket NAME [--expect RECORDS] [--region REGION] [--dry-run]
#       --expect says how many records there must be, such as 104224 for the whole CSV
#
# A consumer may be at work meanwhile: objects are counted before and after. Ends with 1 when the
# numbers do not agree. Costs a LIST for a thousand objects, four times a GET for each object, and
# what Athena scans: for the whole CSV $0.17.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

expected=
while [ $# -gt 0 ]; do
  case $1 in
    --bucket) given "${2:-}" "$1"; bucket=$2; shift 2 ;;
    --expect) given "${2:-}" "$1"; expected=$2; shift 2 ;;
    --region) given "${2:-}" "$1"; export AWS_REGION=$2; shift 2 ;;
    --dry-run) dry=yes; shift ;;
    --help | -h) help; exit ;;
    *) echo "smoke.sh: unknown argument $1" >&2; usage ;;
  esac
done
[ -n "$bucket" ] || fail "--bucket is missing"
[[ $expected =~ ^[0-9]*$ ]] || fail "--expect $expected is no number"

# Objects in folders of a date. The AWS CLI goes through all pages.
objects() {
  look OBJECTS s3api list-objects-v2 --bucket "$bucket" --prefix "$prefix/dt=" --query 'Contents[].[Key]' >"$work" || fail "s3://$bucket/$prefix cannot be listed"
  grep -c . "$work" || true
}

work=$(mktemp)
trap 'rm -f "$work"' EXIT
need_aws
prefix=$(parameter "$lake" LandingPrefix)
[ -n "$prefix" ] || fail "the stack $lake says no prefix: infra/scripts/deploy.sh lake --bucket $bucket"
before=$(objects)
# shellcheck disable=SC2016 # "$path" is a column of Athena's.
id=$(athena 'SELECT
  (SELECT count(*) FROM stock_market.raw_json),
  (SELECT count(DISTINCT "$path") FROM stock_market.raw_json),
  (SELECT count(*) FROM stock_market.records),
  (SELECT count(*) FROM stock_market.bars)') || fail "Athena did not count"
numbers=$(look NUMBERS athena get-query-results --query-execution-id "$id" --query 'ResultSet.Rows[1].Data[].VarCharValue')
read -r rows paths records bars <<<"$numbers"
after=$(objects)
[ "$dry" = no ] || exit 0

echo "objects in the bucket: $before, then $after"
echo "rows of raw_json: $rows, from $paths objects; of records: $records; of bars: $bars"
problems=0
problem() { echo "smoke.sh: $*" >&2; problems=$((problems + 1)); }
[ "$before" -gt 0 ] || problem "nothing has landed below s3://$bucket/$prefix/: is the consumer running?"
for number in "$rows" "$paths" "$records"; do
  if [ "${number:--1}" -lt "$before" ] || [ "$number" -gt "$after" ]; then
    problem "${number:-no answer} is not between $before and $after: the table may begin after the first dt= folder (consumer ddl --check finds such folders)"
  fi
done
[ "${bars:-0}" -gt 0 ] || problem "the view bars has no rows: do the records have the fields Index and Date?"
[ -z "$expected" ] || [ "$rows" = "$expected" ] || problem "$rows records, and not the $expected of --expect"
[ "$problems" = 0 ] || exit 1
echo "Athena sees each object once"
