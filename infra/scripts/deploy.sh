#!/usr/bin/env bash
# Makes or updates the stacks of infra/cloudformation on AWS. Running it twice is harmless.
#
#   infra/scripts/deploy.sh lake --bucket NAME [--from DATE]
#       bucket, tables, crawler, ETL job and its scripts, workgroup, named queries, and the views.
#       --from is the first day that Athena looks for [default, for a new stack: today in UTC]
#   infra/scripts/deploy.sh kafka [--kind ec2|msk-serverless] [--public-cidr CIDR]
#                                 [--vpc ID --subnets ID,ID]
#       Kafka, in the default VPC unless told otherwise; --public-cidr lets one range of addresses
#       outside reach the EC2 broker, unencrypted, as in the tutorial: give your own address, such
#       as 203.0.113.7/32
#   infra/scripts/deploy.sh hosts --bucket NAME [--programs DIR]
#       an EC2 instance that runs producer and consumer from DIR [default: target/release, where
#       cargo build --release -p producer -p consumer puts them]; needs the stacks of lake and
#       kafka. A second time it brings the programs up to date, and reboots
#
#   --region REGION    [default: that of AWS_REGION, or of the AWS CLI]
#   --dry-run          prints the commands and runs none: needs neither AWS CLI nor credentials
#   PARAMETER=VALUE    more parameters of the template, such as KmsKeyArn=… or EtlSchedule=…
#
# Needs the AWS CLI, and rights that only an administrator has: it makes roles.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

kind=''
cidr=''
vpc=''
subnets=''
from=''
programs=target/release
parameters=()
case ${1:-} in
  lake | kafka | hosts) part=$1; shift ;;
  --help | -h) help; exit ;;
  *) usage ;;
esac
while [ $# -gt 0 ]; do
  case $1 in
    --bucket) given "${2:-}" "$1"; bucket=$2; shift 2 ;;
    --from) given "${2:-}" "$1"; from=$2; shift 2 ;;
    --kind) given "${2:-}" "$1"; kind=$2; shift 2 ;;
    --public-cidr) given "${2:-}" "$1"; cidr=$2; shift 2 ;;
    --vpc) given "${2:-}" "$1"; vpc=$2; shift 2 ;;
    --subnets) given "${2:-}" "$1"; subnets=$2; shift 2 ;;
    --programs) given "${2:-}" "$1"; programs=$(cd "$here" && realpath "$2") || fail "there is no folder $2"; shift 2 ;;
    --region) given "${2:-}" "$1"; export AWS_REGION=$2; shift 2 ;;
    --dry-run) dry=yes; shift ;;
    --help | -h) help; exit ;;
    [A-Z]*=*) parameters+=("$1"); shift ;;
    *) echo "deploy.sh: unknown argument $1" >&2; usage ;;
  esac
done

# Before anything is asked: CloudFormation would say it after a minute, and less clearly.
[ "$part" = kafka ] || [ -n "$bucket" ] || fail "$part needs --bucket"
[[ $from =~ ^([0-9]{4}-[0-9]{2}-[0-9]{2})?$ ]] || fail "--from $from is no day such as 2026-11-01"
case $kind in '' | ec2 | msk-serverless) ;; *) fail "--kind $kind is neither ec2 nor msk-serverless" ;; esac
case $cidr in
  '') ;;
  */0) fail "--public-cidr $cidr is the whole internet, and the broker asks for no password: give your own address, as 203.0.113.7/32" ;;
  */*) ;;
  *) fail "--public-cidr $cidr has no /: for one address write $cidr/32" ;;
esac

deploy_lake() {
  if ! exists "$lake"; then
    [ "$dry" = yes ] || ! aws s3api head-bucket --bucket "$bucket" 2>/dev/null \
      || fail "the bucket $bucket exists, and no stack $lake owns it: choose another name, or import it into the stack (aws cloudformation create-change-set --change-set-type IMPORT)"
    from=${from:-$(date -u +%F)}
  fi
  [ -z "$from" ] || parameters+=("FirstDate=$from")
  stack "$lake" lake.yaml "BucketName=$bucket" "${parameters[@]}"
  change s3 cp --only-show-errors --recursive infra/glue/etl "s3://$bucket/glue/etl" --exclude '*' --include job.py --include transform.py --include curate.py
  stack "$queries" queries.yaml
  local view
  for view in 03-records-view 04-bars-view; do
    athena "file://infra/athena/$view.sql" >/dev/null || fail "Athena did not make the view of infra/athena/$view.sql"
  done
  cat <<NEXT
The lake is there: s3://$bucket. Queries: in Athena's editor choose the workgroup $workgroup.
  consumer --bucket $bucket
  infra/scripts/smoke.sh --bucket $bucket
NEXT
}

deploy_kafka() {
  if ! exists "$kafka"; then
    [ -n "$vpc" ] || vpc=$(look DEFAULT_VPC ec2 describe-vpcs --filters Name=is-default,Values=true --query 'Vpcs[0].VpcId') \
      || fail "the default VPC cannot be looked up: give --vpc and --subnets"
    [ -n "$vpc" ] || fail "this region has no default VPC: give --vpc and --subnets"
    if [ -z "$subnets" ]; then
      # Three zones: MSK Serverless takes two to five.
      subnets=$(look SUBNETS ec2 describe-subnets --filters "Name=vpc-id,Values=$vpc" --query "join(',', sort_by(Subnets, &AvailabilityZone)[:3].SubnetId)") \
        || fail "the subnets of $vpc cannot be looked up: give --subnets"
    fi
    # Once: another image would be another broker, with an empty disk.
    local image
    image=$(look IMAGE ssm get-parameter --name /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 --query Parameter.Value) \
      || fail "the image of Amazon Linux 2023 cannot be looked up"
    parameters=("ImageId=$image" "${parameters[@]}")
  fi
  [ -z "$vpc" ] || parameters+=("VpcId=$vpc")
  [ -z "$subnets" ] || parameters+=("SubnetIds=$subnets")
  [ -z "$kind" ] || parameters+=("Kind=$kind")
  [ -z "$cidr" ] || parameters+=("PublicCidr=$cidr")
  stack "$kafka" kafka.yaml "${parameters[@]}"
  echo "Kafka is there, for members of the security group $(output "$kafka" ClientSecurityGroup): --bootstrap-servers $(bootstrap_servers)"
  local outside
  outside=$(output "$kafka" PublicBootstrapServers)
  [ -z "$outside" ] || echo "From ${cidr:-PublicCidr}: --bootstrap-servers $outside"
}

# The addresses of the Kafka of the stack; MSK gives them out only by this call.
bootstrap_servers() {
  local cluster
  cluster=$(output "$kafka" ClusterArn)
  if [ "$dry" = no ] && [ -n "$cluster" ]; then
    look BOOTSTRAP_SERVERS kafka get-bootstrap-brokers --cluster-arn "$cluster" --query BootstrapBrokerStringSaslIam
  else
    output "$kafka" BootstrapServers
  fi
}

# Ends unless the program is there and runs on Amazon Linux 2023.
check_program() {
  [ -x "$1" ] || fail "$1 is missing: cargo build --release -p producer -p consumer, or give --programs"
  local newest
  # None in a program that is linked statically.
  newest=$(grep -ao 'GLIBC_2\.[0-9]*' "$1" | sort -uV | tail -n 1 || true)
  [ "$(printf 'GLIBC_2.34\n%s\n' "$newest" | sort -V | tail -n 1)" = GLIBC_2.34 ] \
    || fail "$1 needs $newest, and Amazon Linux 2023 has GLIBC_2.34: build it there (see infra/cloudformation/README.md)"
}

deploy_hosts() {
  if [ "$dry" = no ]; then
    check_program "$programs/producer"
    check_program "$programs/consumer"
    exists "$lake" || fail "the stack $lake is missing: infra/scripts/deploy.sh lake --bucket $bucket"
    exists "$kafka" || fail "the stack $kafka is missing: infra/scripts/deploy.sh kafka"
  fi
  local file before servers
  for file in producer consumer; do change s3 cp --only-show-errors "$programs/$file" "s3://$bucket/programs/$file"; done
  for file in producer@.service consumer@.service; do
    change s3 cp --only-show-errors "infra/systemd/$file" "s3://$bucket/programs/systemd/$file"
  done
  change s3 cp --only-show-errors "data/indexProcessed.csv" "s3://$bucket/programs/indexProcessed.csv"
  servers=$(bootstrap_servers)
  [ -n "$servers" ] || fail "the stack $kafka does not say where Kafka is"
  before=
  ! exists "$hosts" || before=$(output "$hosts" Instance)
  stack "$hosts" hosts.yaml "BucketName=$bucket" "BootstrapServers=$servers" "ClusterArn=$(output "$kafka" ClusterArn)" \
    "SubnetId=$(output "$kafka" SubnetId)" "ClientSecurityGroup=$(output "$kafka" ClientSecurityGroup)" \
    "LandingPrefix=$(parameter "$lake" LandingPrefix)" "KmsKeyArn=$(parameter "$lake" KmsKeyArn)" "${parameters[@]}"
  local instance
  instance=$(output "$hosts" Instance)
  # The same instance as before has the old programs: it fetches them when it boots.
  if [ -n "$before" ] && [ "$before" = "$instance" ]; then change ec2 reboot-instances --instance-ids "$instance"; fi
  cat <<NEXT
Producer and consumer run on $instance. To look at them:
  aws ssm start-session --target $instance
  sudo journalctl -f -u 'producer@*' -u 'consumer@*'
NEXT
}

need_aws
"deploy_$part"
