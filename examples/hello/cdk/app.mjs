// The function hello with its secrets in a layer, for the CDK. The stack of the key is deployed before layer.zip is built.
import { App, Aws, CfnOutput, RemovalPolicy, Stack } from "aws-cdk-lib";
import { HttpApi, HttpMethod } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import * as iam from "aws-cdk-lib/aws-iam";
import * as kms from "aws-cdk-lib/aws-kms";
import * as lambda from "aws-cdk-lib/aws-lambda";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const file = (path) => fileURLToPath(new URL(path, import.meta.url));

const app = new App();
const environment = app.node.tryGetContext("environment") ?? "prod";
const roleName = `hello-${environment}`;

// It comes first, because the layer is sealed under it before the function is deployed.
const keys = new Stack(app, "HelloKeys");
const key = new kms.Key(keys, "Key", {
  alias: `alias/hello-${environment}`,
  description: `secrets of hello in ${environment}`,
  enableKeyRotation: true,
  removalPolicy: RemovalPolicy.RETAIN,
});
// The CDK lets IAM policies decide who uses a key. None of them lets anybody else than the function decrypt.
key.addToResourcePolicy(new iam.PolicyStatement({
  sid: "OnlyTheFunctionDecrypts",
  effect: iam.Effect.DENY,
  principals: [new iam.AnyPrincipal()],
  actions: ["kms:Decrypt", "kms:ReEncryptFrom"],
  resources: ["*"],
  conditions: { ArnNotEquals: { "aws:PrincipalArn": `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/${roleName}` } },
}));

function helloStack() {
  const stack = new Stack(app, "Hello");
  const role = new iam.Role(stack, "Role", {
    roleName,
    assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com"),
    managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName("service-role/AWSLambdaBasicExecutionRole")],
  });
  role.addToPolicy(new iam.PolicyStatement({
    actions: ["kms:Decrypt"],
    resources: [key.keyArn],
    conditions: {
      StringEquals: {
        "kms:EncryptionContext:bundle:function": "hello/hello",
        "kms:EncryptionContext:bundle:environment": environment,
      },
    },
  }));

  const secrets = new lambda.LayerVersion(stack, "Secrets", {
    layerVersionName: `hello-${environment}-secrets`,
    code: lambda.Code.fromAsset(file("../layer.zip")), // uploaded as it is
    compatibleArchitectures: [lambda.Architecture.X86_64, lambda.Architecture.ARM_64],
  });
  const hello = new lambda.Function(stack, "Function", {
    functionName: `hello-${environment}`, // the deployed_as of secrets.hcl
    runtime: lambda.Runtime.NODEJS_22_X,
    architecture: lambda.Architecture.ARM_64,
    code: lambda.Code.fromAsset(file("../src")),
    handler: "index.handler", // or wrapped.handler, with the variable below
    role,
    layers: [secrets],
    environment: {
      BUNDLE_SECRETS_ENVIRONMENT: environment, // refuses a layer of another environment
      // AWS_LAMBDA_EXEC_WRAPPER: "/opt/bundle/exec",
    },
  });
  const api = new HttpApi(stack, "Api");
  api.addRoutes({ path: "/hello", methods: [HttpMethod.GET], integration: new HttpLambdaIntegration("Hello", hello) });
  new CfnOutput(stack, "Url", { value: `${api.apiEndpoint}/hello` });
}

// Before there is a key, there is no layer.
if (existsSync(file("../layer.zip"))) helloStack();
