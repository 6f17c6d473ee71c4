// As github.yaml, for the CDK: starts a GitHub workflow when a parameter or a secret changes.
import { App, Aws, Duration, SecretValue, Stack } from "aws-cdk-lib";
import * as events from "aws-cdk-lib/aws-events";
import { ApiDestination } from "aws-cdk-lib/aws-events-targets";

const app = new App();
const context = (name, otherwise) => app.node.tryGetContext(name) ?? otherwise;
const parameters = context("parameters", "/prod/shop/"); // the beginning of the names of the parameters that the layer contains
const secrets = context("secrets", "prod/shop/"); // and of the secrets of Secrets Manager
const layerParameters = context("layerParameters", "/bundle/"); // and of the names that layer_parameter of the manifest has
const repository = context("repository", "owner/name");
const token = context("token", "bundle/rotate-on-change"); // its field "authorization" is "Bearer " and the GitHub token

const stack = new Stack(app, "RotateOnChange");
const destination = new events.ApiDestination(stack, "Dispatch", {
  connection: new events.Connection(stack, "GitHub", {
    authorization: events.Authorization.apiKey("Authorization", SecretValue.secretsManager(token, { jsonField: "authorization" })),
    headerParameters: { Accept: events.HttpParameter.fromString("application/vnd.github+json") },
  }),
  endpoint: `https://api.github.com/repos/${repository}/dispatches`,
  rateLimitPerSecond: 1,
});
const dispatch = (type) => new ApiDestination(destination, {
  event: events.RuleTargetInput.fromObject({ // the name and the region, and nothing else
    event_type: type,
    client_payload: { name: events.EventField.fromPath("$.detail.name"), region: events.EventField.fromPath("$.region") },
  }),
  maxEventAge: Duration.hours(1),
  retryAttempts: 20,
});
new events.Rule(stack, "Changed", {
  description: "a parameter of the layer changed",
  eventPattern: {
    source: ["aws.ssm"],
    detailType: ["Parameter Store Change"],
    // A publication writes the layer's own parameter. That must not start the next one, whatever the prefix of the others.
    resources: events.Match.anythingButPrefix(`arn:${Aws.PARTITION}:ssm:${Aws.REGION}:${Aws.ACCOUNT_ID}:parameter${layerParameters}`),
    detail: { name: events.Match.prefix(parameters) },
  },
  targets: [dispatch("parameter-changed")],
});
new events.Rule(stack, "SecretChanged", {
  description: "a secret of the layer has another current version",
  eventPattern: {
    source: ["aws.secretsmanager"],
    detailType: ["Secret Label Updated"],
    detail: {
      name: events.Match.prefix(secrets),
      labelUpdated: ["AWSCURRENT"], // and those that version_stage of the manifest names
    },
  },
  targets: [dispatch("secret-changed")],
});
