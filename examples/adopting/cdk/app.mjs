// Two of the functions, for a team that deploys them with the CDK. bundle publish has put the ARNs of the layers into SSM parameters.
import { App, Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import * as lambda from "aws-cdk-lib/aws-lambda";
import { StringParameter } from "aws-cdk-lib/aws-ssm";

const app = new App();
const environment = app.node.tryGetContext("environment") ?? "prod";
const { account, key, helpers, code } = app.node.getContext("shop"); // the account ID, two ARNs, and a folder of NAME.zip
const stack = new Stack(app, "Carts", { env: { account, region: "us-west-2" } }); // a lookup needs both

const parameter = (name) => `/bundle/${environment}/shop/${name}/layer-arn`;

function shopFunction(id, name, layerArn) {
  const layer = (id, arn) => lambda.LayerVersion.fromLayerVersionArn(stack, id, arn);
  const fn = new lambda.Function(stack, id, {
    functionName: `shop-${environment}-${name}`, // deployed_as in the manifest
    runtime: lambda.Runtime.NODEJS_22_X,
    architecture: lambda.Architecture.ARM_64,
    code: lambda.Code.fromAsset(`${code}/${name}.zip`),
    handler: "index.handler",
    layers: [layer(`${id}Helpers`, helpers), layer(`${id}Secrets`, layerArn)],
    environment: { BUNDLE_SECRETS_ENVIRONMENT: environment },
  });
  fn.addToRolePolicy(new iam.PolicyStatement({
    actions: ["kms:Decrypt"],
    resources: [key],
    conditions: {
      StringEquals: {
        "kms:EncryptionContext:bundle:function": `shop/${name}`,
        "kms:EncryptionContext:bundle:environment": environment,
      },
    },
  }));
  return fn;
}

// CloudFormation reads the ARN at every deployment. It never makes currentVersion a new version, because the app does not see it.
shopFunction("CartGet", "cart-get", StringParameter.valueForStringParameter(stack, parameter("cart-get")));

// With a version or an alias, the app must see the ARN. It is looked up at synth and kept in cdk.context.json: remove its entry
// before each deployment, or leave that file out of version control.
const cartPut = shopFunction("CartPut", "cart-put", StringParameter.valueFromLookup(stack, parameter("cart-put")));
new lambda.Alias(stack, "CartPutLive", { aliasName: "live", version: cartPut.currentVersion });
