"""Turns template.yaml into what the emulator can deploy.

The transform itself is AWS's own (aws-sam-translator, offline). What it makes of an HttpApi is an OpenAPI body, which
the emulator takes and ignores, so the body is unfolded here into the routes, integrations and authorizers that it
means. Nothing about this service is written here: change the template, and this follows.
"""

import re

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

METHODS = {"get", "put", "post", "delete", "patch", "head", "options", "x-amazon-apigateway-any-method"}


class NoManagedPolicies:
    """The template names no AWS-managed policy; the translator wants somebody to ask all the same."""

    def load(self):
        return {}


def read(path):
    """The template as plain dictionaries, short intrinsics spelled out."""
    with open(path, encoding="utf-8") as file:
        return yaml_parse(file.read())


def functions(template):
    """Logical id -> the cargo binary that `sam build` would build for it."""
    return {
        name: resource["Metadata"]["BuildProperties"]["Binary"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def routes(template):
    """The routes that the template declares, read from the functions' events: "POST /connection" -> public or not."""
    declared = {}
    for resource in template["Resources"].values():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            if event["Type"] == "HttpApi":
                asked = event["Properties"]
                public = asked.get("Auth", {}).get("Authorizer") == "NONE"
                declared[f"{asked['Method'].upper()} {asked['Path']}"] = "public" if public else "token"
    return declared


def cloudformation(template, code):
    """Plain CloudFormation with `code` (logical id -> bucket and key) as the functions' code."""
    for name in functions(template):
        template["Resources"][name]["Properties"]["CodeUri"] = code[name]
    template["Globals"]["Function"].pop("CodeUri", None)
    translated = transform(template, {}, NoManagedPolicies())
    for name, resource in list(translated["Resources"].items()):
        if resource["Type"] == "AWS::ApiGatewayV2::Api" and "Body" in resource["Properties"]:
            translated["Resources"].update(unfold(name, resource))
    return translated


def unfold(api, resource):
    """The routes, integrations and authorizers that an HTTP API's OpenAPI body means."""
    body = resource["Properties"].pop("Body")
    resource["Properties"] = {
        "Name": api,
        "ProtocolType": "HTTP",
        "Description": resource["Properties"].get("Description", ""),
        # The emulator reads this in the spelling of the body, and not in CloudFormation's.
        "CorsConfiguration": body.get("x-amazon-apigateway-cors", {}),
    }
    made = {}
    for name, scheme in body.get("components", {}).get("securitySchemes", {}).items():
        asked = scheme["x-amazon-apigateway-authorizer"]
        jwt = asked["jwtConfiguration"]
        made[f"{api}{name}"] = {
            "Type": "AWS::ApiGatewayV2::Authorizer",
            "Properties": {
                "ApiId": {"Ref": api},
                "Name": name,
                "AuthorizerType": "JWT",
                "IdentitySource": [asked["identitySource"]],
                "JwtConfiguration": {"Issuer": jwt["issuer"], "Audience": jwt["audience"]},
            },
        }
    for path, operations in body["paths"].items():
        for method, operation in operations.items():
            if method in METHODS:
                made.update(route(api, path, method, operation))
    return made


def route(api, path, method, operation):
    """One operation as an integration and the route to it."""
    verb = "ANY" if method.startswith("x-") else method.upper()
    name = api + verb.title() + re.sub(r"[^A-Za-z0-9]", "", path.title())
    asked = operation["x-amazon-apigateway-integration"]
    properties = {
        "ApiId": {"Ref": api},
        "RouteKey": f"{verb} {path}",
        "Target": {"Fn::Join": ["/", ["integrations", {"Ref": f"{name}Integration"}]]},
    }
    schemes = [scheme for requirement in operation.get("security", []) for scheme in requirement if scheme != "NONE"]
    if schemes:
        properties |= {"AuthorizationType": "JWT", "AuthorizerId": {"Ref": f"{api}{schemes[0]}"}}
    return {
        f"{name}Integration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": {"Ref": api},
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": asked["uri"],
                "PayloadFormatVersion": asked["payloadFormatVersion"],
            },
        },
        f"{name}Route": {"Type": "AWS::ApiGatewayV2::Route", "Properties": properties},
    }
