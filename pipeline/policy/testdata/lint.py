"""Runs linters of IAM policies.

    python lint.py < POLICIES

POLICIES is a JSON list of policies; those with a Principal are key policies. It prints a JSON list of what the linters find: the name of
the linter with its version, the finding, and the Sid of the statement.
"""

import json
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")  # of setuptools, about parliament

import cfnlint.api  # noqa: E402
import parliament  # noqa: E402
from policy_sentry.querying.actions import get_action_data  # noqa: E402
from policy_sentry.querying.arns import get_matching_raw_arns  # noqa: E402
from policy_sentry.util.conditions import is_condition_key_match  # noqa: E402


def listed(value):
    return value if isinstance(value, list) else [value]


def of_key(policy):
    return any("Principal" in s for s in policy["Statement"])


def parliament_findings(policy):
    def issues(statements):
        text = json.dumps({"Version": policy["Version"], "Statement": statements})
        checked = parliament.analyze_policy_string(text, include_community_auditors=True)
        for finding in checked.findings:
            yield finding.issue

    all_issues = set(issues(policy["Statement"]))
    for statement in policy["Statement"] if all_issues else []:
        for issue in issues([statement]):
            all_issues.discard(issue)
            yield issue, statement["Sid"]
    for issue in all_issues:  # of several statements together
        yield issue, ""


def policy_sentry_findings(policy):
    """policy_sentry has no command that checks a policy, but what one would need: tables of actions, resources and condition keys."""
    for statement in policy["Statement"]:
        resources = [r for r in listed(statement.get("Resource", [])) if r != "*"]
        keys = [key for block in statement.get("Condition", {}).values() for key in block]
        for action in listed(statement["Action"]):
            service, _, name = action.partition(":")
            rows = get_action_data(service, name).get(service, [])
            if not rows:
                yield "unknown action", statement["Sid"]
                continue
            formats = {row["resource_arn_format"] for row in rows}
            known = [key for row in rows for key in row["condition_keys"]]
            known += [key for key in keys if key.startswith("aws:")]
            if statement["Effect"] == "Allow" and formats == {"*"} and (resources or "Resource" not in statement):
                yield "resource must be *", statement["Sid"]
            elif any(not formats & set(get_matching_raw_arns(r)) for r in resources):
                yield "resource of another type", statement["Sid"]
            if any(not any(is_condition_key_match(k, key) for k in known) for key in keys):
                yield "condition key of other actions", statement["Sid"]


def cfn_lint_findings(policies):
    """All of them in one template, with errors, warnings and notes."""
    resources = {}
    for i, policy in enumerate(policies):
        if of_key(policy):
            kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
            resources[f"R{i}"] = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy}, **kept}
        else:
            resources[f"R{i}"] = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy}}
    config = cfnlint.api.ManualArgs(regions=["us-west-2"], include_checks=["I"])
    for match in cfnlint.api.lint(json.dumps({"Resources": resources}), config=config):
        path = list(match.path)
        sid = ""
        if "Statement" in path[:-1]:
            sid = policies[int(path[1][1:])]["Statement"][path[path.index("Statement") + 1]]["Sid"]
        yield match.rule.id, sid


policies = json.load(sys.stdin)
findings = set()
for policy in policies:
    for tool, check in ("parliament", parliament_findings), ("policy_sentry", policy_sentry_findings):
        findings |= {(f"{tool} {version(tool)}", *finding) for finding in check(policy)}
findings |= {(f"cfn-lint {version('cfn-lint')}", *finding) for finding in cfn_lint_findings(policies)}
print(json.dumps(sorted(findings)))
