"""Prints what moto really made of the stacks, asked from its services and not from CloudFormation.

    stacks.py TEMPLATES

One line for each resource of each template: `TEMPLATE RESOURCE TYPE made|skipped|left-out DETAIL`.
`skipped`: the stack is complete, and the service does not know the resource. `left-out`: the same,
and a condition in the template may be the reason. DETAIL says which settings the service did not keep.
Addresses and keys of the services come from the environment.
"""

import sys
from pathlib import Path

import boto3
import yaml
from botocore.exceptions import ClientError


class Loader(yaml.SafeLoader):
    """YAML in which CloudFormation's functions stay as they are: only names and types are read."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def known(call, **arguments):
    """The answer of a service, or None when it does not know what is asked for."""
    try:
        return call(**arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if "NotFound" in code or code.startswith("NoSuch") or code in ("404", "InvalidRequestException"):
            return None
        raise


def bucket(name):
    s3 = boto3.client("s3")
    if known(s3.head_bucket, Bucket=name) is None:
        return None
    settings = {
        "encryption": s3.get_bucket_encryption,
        "lifecycle": s3.get_bucket_lifecycle_configuration,
        "ownership": s3.get_bucket_ownership_controls,
        "public-access-block": s3.get_public_access_block,
    }
    lost = []
    for what, call in settings.items():
        try:
            known(call, Bucket=name) or lost.append(what)
        except ClientError:
            lost.append(what)
    if s3.get_bucket_versioning(Bucket=name).get("Status") != "Enabled":
        lost.append("versioning")
    return "without: " + ", ".join(lost) if lost else "-"


def role(name):
    iam = boto3.client("iam")
    if known(iam.get_role, RoleName=name) is None:
        return None
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    names = inline + [policy["PolicyName"] for policy in attached]
    return "with: " + (", ".join(names) or "no policy")


def instance(name):
    found = known(boto3.client("ec2").describe_instances, InstanceIds=[name])
    if found is None:
        return None
    one = found["Reservations"][0]["Instances"][0]
    options = boto3.client("ec2").describe_instance_attribute(InstanceId=name, Attribute="userData")
    lost = [] if one.get("IamInstanceProfile") else ["instance profile"]
    if one.get("MetadataOptions", {}).get("HttpTokens") != "required":
        lost.append("IMDSv2")
    if not options.get("UserData", {}).get("Value"):
        lost.append("user data")
    return "without: " + ", ".join(lost) if lost else "-"


def security_group(name):
    found = known(boto3.client("ec2").describe_security_groups, GroupIds=[name])
    if found is None:
        return None
    group = found["SecurityGroups"][0]
    places = lambda rules: ", ".join(sorted(
        f"{rule.get('FromPort', 'all')} {'+'.join([r['CidrIp'] for r in rule['IpRanges']] + ['a group' for _ in rule['UserIdGroupPairs']])}"
        for rule in rules))
    return f"in: {places(group['IpPermissions']) or '-'}; out: {places(group['IpPermissionsEgress']) or '-'}"


def plain(call, **arguments):
    return None if known(call, **arguments) is None else "-"


def bucket_policy(name):
    return plain(boto3.client("s3").get_bucket_policy, Bucket=name)


def egress_rule(_):
    """Kafka's port out of the clients' group: what the group itself does not list."""
    groups = boto3.client("ec2").describe_security_groups()["SecurityGroups"]
    rules = [rule for group in groups for rule in group["IpPermissionsEgress"]]
    return "-" if any(rule.get("FromPort") == 9092 for rule in rules) else None


def ingress_rule(_):
    """The port of the broker that one range outside may reach."""
    groups = boto3.client("ec2").describe_security_groups()["SecurityGroups"]
    rules = [rule for group in groups for rule in group["IpPermissions"]]
    ranges = [one["CidrIp"] for rule in rules if rule.get("FromPort") == 9094 for one in rule["IpRanges"]]
    return f"for: {', '.join(ranges)}" if ranges else None


def association(_):
    found = boto3.client("ec2").describe_addresses()["Addresses"]
    return "-" if any(address.get("InstanceId") for address in found) else None


# How each type is asked for, by the id that CloudFormation gives it, or by the name in the template.
SERVICES = {
    "AWS::S3::Bucket": bucket,
    "AWS::S3::BucketPolicy": lambda _: bucket_policy("kafka-stock-market-project"),
    "AWS::IAM::Role": role,
    "AWS::IAM::RolePolicy": lambda _: None,
    "AWS::IAM::ManagedPolicy": lambda name: plain(boto3.client("iam").get_policy, PolicyArn=name),
    "AWS::IAM::InstanceProfile": lambda name: plain(boto3.client("iam").get_instance_profile, InstanceProfileName=name),
    "AWS::EC2::Instance": instance,
    "AWS::EC2::LaunchTemplate": lambda name: plain(boto3.client("ec2").describe_launch_templates, LaunchTemplateIds=[name]),
    "AWS::EC2::SecurityGroup": security_group,
    "AWS::EC2::SecurityGroupEgress": egress_rule,
    "AWS::EC2::SecurityGroupIngress": ingress_rule,
    "AWS::EC2::EIP": lambda name: plain(boto3.client("ec2").describe_addresses, PublicIps=[name]),
    "AWS::EC2::EIPAssociation": association,
    "AWS::Glue::Database": lambda _: plain(boto3.client("glue").get_database, Name="stock_market"),
}


def by_name(resource):
    """Glue and Athena: whether the service knows the name in the template."""
    kind, properties = resource["Type"], resource["Properties"]
    glue, athena = boto3.client("glue"), boto3.client("athena")
    if kind == "AWS::Glue::Table":
        return plain(glue.get_table, DatabaseName="stock_market", Name=properties["TableInput"]["Name"])
    if kind == "AWS::Glue::Crawler":
        return plain(glue.get_crawler, Name=properties["Name"])
    if kind == "AWS::Glue::Job":
        return plain(glue.get_job, JobName=properties["Name"])
    if kind == "AWS::Glue::Trigger":
        return plain(glue.get_trigger, Name=properties["Name"])
    if kind == "AWS::Athena::WorkGroup":
        # stacks.sh makes a workgroup of this name, without the limit.
        group = athena.get_work_group(WorkGroup=properties["Name"])["WorkGroup"]
        return "-" if group.get("Configuration", {}).get("BytesScannedCutoffPerQuery") else None
    if kind == "AWS::Athena::NamedQuery":
        ids = athena.list_named_queries()["NamedQueryIds"]
        names = [athena.get_named_query(NamedQueryId=one)["NamedQuery"]["Name"] for one in ids]
        return "-" if properties["Name"] in names else None
    if kind == "AWS::MSK::ServerlessCluster":
        return "-" if boto3.client("kafka").list_clusters_v2()["ClusterInfoList"] else None
    raise SystemExit(f"stacks.py does not know how to ask for {kind}")


def main(templates):
    formation = boto3.client("cloudformation")
    for path in sorted(Path(templates).glob("*.yaml")):
        made = {one["LogicalResourceId"]: one for page in formation.get_paginator("list_stack_resources").paginate(StackName=f"stock-market-{path.stem}")
                for one in page["StackResourceSummaries"]}
        for name, resource in yaml.load(path.read_text(), Loader)["Resources"].items():
            kind = resource["Type"]
            ask = SERVICES.get(kind)
            if not ask:
                detail = by_name(resource)
            else:
                detail = ask(made[name]["PhysicalResourceId"]) if name in made else None
            absent = "left-out" if "Condition" in resource and name not in made else "skipped"
            print(path.name, name, kind, f"made {detail}" if detail else f"{absent} -")


if __name__ == "__main__":
    main(sys.argv[1])
