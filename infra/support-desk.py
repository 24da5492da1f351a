"""The support desk's three commands about an organisation of Xero that an account holds: infra/runbook.md, "An organisation
that another account holds".

  python infra/support-desk.py holder  <tenant>                  who holds it, since when, and how the connection stands
  python infra/support-desk.py ask     <tenant> --ticket <id>    one person asks that it be released
  python infra/support-desk.py release <tenant>                  another person releases it

Releasing is the holder's own disconnect: the connect function gets the call that the app would make, so everything that
belongs to it happens (Xero, tokens, the notification to the app), and the records stay with the holder. Two different
persons by AWS's own word (STS), the asking at most a week old and about the same holder. Both leave a line in the table,
for 400 days. Nothing is shown but ids.
"""

import argparse
import datetime
import json
import os
import sys

import boto3
from botocore.exceptions import ClientError

ASKED_FOR = datetime.timedelta(days=7)
AUDIT = datetime.timedelta(days=400)


class Refused(Exception):
    """Why not, in a sentence."""


class Desk:
    def __init__(self, stack, now):
        self.now = now
        region = os.environ.get("AWS_REGION", os.environ.get("AWS_DEFAULT_REGION"))
        client = lambda name: boto3.client(name, region_name=region)  # noqa: E731
        self.dynamodb, self.functions = client("dynamodb"), client("lambda")
        self.person = client("sts").get_caller_identity()["Arn"]
        resources = client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
        named = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
        self.table, self.connect = named["Table"], named["ConnectFunction"]

    def get(self, partition, sort):
        key = {"pk": {"S": partition}, "sk": {"S": sort}}
        return self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")

    def holder(self, tenant):
        claim = self.get(f"TENANT#{tenant}", "CLAIM")
        if claim is None:
            raise Refused("no account holds this organisation")
        return claim["account"]["S"]

    def show(self, tenant):
        account = self.holder(tenant)
        stored = self.get(f"ACCOUNT#{account}", "CONNECTION")
        connection = json.loads(stored["body"]["S"]) if stored else {}
        error = connection.get("error") or {}
        asked = self.asking(tenant)
        return {
            "tenant": tenant,
            "account": account,
            "status": connection.get("status"),
            "connected_at": connection.get("connected_at"),
            "last_checked_at": connection.get("last_checked_at"),
            "lost": error.get("reason") if isinstance(error, dict) else error,
            "release_asked_by": asked and asked["asked_by"],
        }

    def asking(self, tenant):
        item = self.get(f"TENANT#{tenant}", "RELEASE")
        if item is None or int(item["good_until"]["N"]) <= self.now.timestamp():
            return None
        return {name: value.get("S") for name, value in item.items()}

    def ask(self, tenant, ticket):
        account = self.holder(tenant)
        asked = {"asked_by": self.person, "account": account, "ticket": ticket}
        item = {name: {"S": value} for name, value in asked.items()}
        item |= {"pk": {"S": f"TENANT#{tenant}"}, "sk": {"S": "RELEASE"}, "kind": {"S": "release"}, "version": {"N": "1"}}
        until = str(int((self.now + ASKED_FOR).timestamp()))
        item |= {"good_until": {"N": until}, "expires_at": {"N": until}}
        self.dynamodb.put_item(TableName=self.table, Item=item)
        return self.audit(tenant, {"what": "release asked", **asked})

    def release(self, tenant):
        asked = self.asking(tenant)
        if asked is None:
            raise Refused("nobody has asked for it within a week: another person begins with `ask`")
        if asked["asked_by"] == self.person:
            raise Refused("it takes two persons, and you are the one who asked")
        account = self.holder(tenant)
        if account != asked["account"]:
            raise Refused("another account holds it now than when it was asked for: ask again")
        # Before it is done, so that nothing is done without a line.
        line = self.audit(tenant, {"what": "released", **{n: asked[n] for n in ("asked_by", "account", "ticket")}, "released_by": self.person})
        self.disconnect(account)
        self.dynamodb.delete_item(TableName=self.table, Key={"pk": {"S": f"TENANT#{tenant}"}, "sk": {"S": "RELEASE"}})
        return line

    def disconnect(self, account):
        """The call that the app makes for its user, straight to the function."""
        claim = self.functions.get_function_configuration(FunctionName=self.connect)["Environment"]["Variables"]["ACCOUNT_CLAIM"]
        claims = {"sub": "support-desk", claim: account}
        http = {"method": "DELETE", "path": "/connection", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "support-desk"}
        context = {
            "accountId": "support-desk", "apiId": "support-desk", "domainName": "support-desk", "domainPrefix": "support-desk",
            "http": http, "requestId": "support-desk", "routeKey": "DELETE /connection", "stage": "$default",
            "time": self.now.strftime("%d/%b/%Y:%H:%M:%S +0000"), "timeEpoch": int(self.now.timestamp() * 1000),
            "authorizer": {"jwt": {"claims": claims, "scopes": []}},
        }
        event = {
            "version": "2.0", "routeKey": "DELETE /connection", "rawPath": "/connection", "rawQueryString": "",
            "headers": {}, "requestContext": context, "isBase64Encoded": False,
        }
        answer = self.functions.invoke(FunctionName=self.connect, Payload=json.dumps(event).encode())
        said = json.load(answer["Payload"])
        if answer.get("FunctionError") or said.get("statusCode") != 204:
            raise Refused(f"the holder could not be disconnected ({said.get('statusCode', 'the function failed')}): run `release` again")

    def audit(self, tenant, line):
        at = self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"at": at, "tenant": tenant, **line}
        item = {"pk": {"S": f"TENANT#{tenant}"}, "sk": {"S": f"AUDIT#{at}"}, "kind": {"S": "audit"}, "version": {"N": "1"}}
        item |= {"line": {"S": json.dumps(line)}, "expires_at": {"N": str(int((self.now + AUDIT).timestamp()))}}
        self.dynamodb.put_item(TableName=self.table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        return line


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", default="sessional-xero")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("holder", "ask", "release"):
        command = commands.add_parser(name)
        command.add_argument("tenant", help="Xero's id of the organisation")
        if name == "ask":
            command.add_argument("--ticket", required=True, help="what the support desk knows it by; no name, no address")
    asked = parser.parse_args()
    try:
        desk = Desk(asked.stack, datetime.datetime.now(datetime.UTC))
        if asked.command == "holder":
            said = desk.show(asked.tenant)
        elif asked.command == "ask":
            said = desk.ask(asked.tenant, asked.ticket)
        else:
            said = desk.release(asked.tenant)
    except Refused as refused:
        sys.exit(f"refused: {refused}")
    except ClientError as error:
        sys.exit(f"AWS refused: {error.response['Error']['Code']}")
    print(json.dumps(said))


main()
