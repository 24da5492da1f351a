"""Deploys template.yaml to the emulator and says what came up.

Reads one JSON request from standard input, writes one JSON answer to standard output:

  request   endpoint, region, stack, template, parameters {name: value}, bootstraps {binary: path of an executable},
            proxies {binary: url} (functions that somebody else runs, `cargo lambda watch`), secrets {logical id: value}
  answer    api_id, resources {logical id: physical id}, functions {binary: name}, environment {binary: {name: value}},
            declared and deployed {route: "token" or "public"}, template (what was deployed, plain CloudFormation)

A stack that exists is updated in place, so what it stores survives a new start.
"""

import hashlib
import io
import json
import os
import sys
import time
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

import translate

BUCKET = "code"


def main():
    request = json.load(sys.stdin)
    # The translator takes the region from where the AWS SDK looks, and from nowhere else.
    os.environ["AWS_DEFAULT_REGION"] = request["region"]
    clients = {
        name: boto3.client(
            name,
            endpoint_url=request["endpoint"],
            region_name=request["region"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 2}, read_timeout=60, s3={"addressing_style": "path"}),
        )
        for name in ("cloudformation", "s3", "lambda", "apigatewayv2", "secretsmanager")
    }
    template = translate.read(request["template"])
    declared = translate.routes(template)
    binaries = translate.functions(template)
    code = upload(clients["s3"], binaries, request["bootstraps"])
    translated = translate.cloudformation(template, code)
    hand_over(translated, binaries, request.get("proxies", {}))
    # CloudFormation takes a template of this size from S3 only, which is also how `sam deploy` hands it over.
    clients["s3"].put_object(Bucket=BUCKET, Key="template.json", Body=json.dumps(translated).encode())
    resources = create(clients["cloudformation"], request)
    for logical, value in request["secrets"].items():
        put(clients["secretsmanager"], resources[logical], value)
    functions = {binary: resources[logical] for logical, binary in binaries.items()}
    api_id = next(resources[n] for n, r in translated["Resources"].items() if r["Type"] == "AWS::ApiGatewayV2::Api")
    json.dump(
        {
            "api_id": api_id,
            "resources": resources,
            "functions": functions,
            "environment": {binary: environment(clients["lambda"], name) for binary, name in functions.items()},
            "declared": declared,
            "deployed": deployed(clients["apigatewayv2"], api_id),
            "template": translated,
        },
        sys.stdout,
    )


def upload(s3, binaries, bootstraps):
    """A deployment package per function; its key names its content, so that only what changed is deployed again."""
    try:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise
    uris = {}
    for logical, binary in binaries.items():
        if binary not in bootstraps:
            sys.exit(f"template.yaml wants the binary `{binary}` for {logical}, and nothing was built for it")
        package = zipped(bootstraps[binary])
        key = f"{binary}-{hashlib.sha256(package).hexdigest()}.zip"
        s3.put_object(Bucket=BUCKET, Key=key, Body=package)
        uris[logical] = {"Bucket": BUCKET, "Key": key}
    return uris


def zipped(path):
    package = io.BytesIO()
    entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o755 << 16
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive, open(path, "rb") as file:
        archive.writestr(entry, file.read())
    return package.getvalue()


def hand_over(translated, binaries, proxies):
    """Functions that `cargo lambda watch` runs: the emulator sends their events there."""
    for logical, binary in binaries.items():
        if binary in proxies:
            variables = translated["Resources"][logical]["Properties"]["Environment"]["Variables"]
            variables["MINISTACK_LAMBDA_PROXY_URL"] = proxies[binary]


def create(cloudformation, request):
    """Creates or updates the stack, waits for it and gives the physical ids of its resources."""
    arguments = {
        "StackName": request["stack"],
        "TemplateURL": f"{request['endpoint']}/{BUCKET}/template.json",
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in request["parameters"].items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    }
    try:
        cloudformation.create_stack(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException":
            raise
        try:
            cloudformation.update_stack(**arguments)
        except ClientError as update:
            if "No updates" not in str(update):
                raise
    deadline = time.monotonic() + 120
    while True:
        stack = cloudformation.describe_stacks(StackName=request["stack"])["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            break
        if time.monotonic() > deadline:
            sys.exit("the stack did not settle within two minutes")
        time.sleep(0.1)
    if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        events = cloudformation.describe_stack_events(StackName=request["stack"])["StackEvents"]
        for event in reversed(events):
            if event["ResourceStatus"].endswith("FAILED"):
                print(event["LogicalResourceId"], event.get("ResourceStatusReason", ""), file=sys.stderr)
        sys.exit(f"the stack ended as {stack['StackStatus']}")
    found = cloudformation.describe_stack_resources(StackName=request["stack"])["StackResources"]
    return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}


def put(secrets, name, value):
    """Sets a secret's value, unless it has it already: versions are not free."""
    if secrets.get_secret_value(SecretId=name).get("SecretString") != value:
        secrets.put_secret_value(SecretId=name, SecretString=value)


def environment(functions, name):
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    variables.pop("MINISTACK_LAMBDA_PROXY_URL", None)
    return variables


def deployed(gateway, api_id):
    items = gateway.get_routes(ApiId=api_id)["Items"]
    return {r["RouteKey"]: "token" if r.get("AuthorizationType") == "JWT" else "public" for r in items}


main()
