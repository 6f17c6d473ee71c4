package lambda_test

import "testing"

func TestThereAreNoFunctions(t *testing.T) {
	_, c := newService(t, "")
	with := func(names ...string) object {
		variables := object{}
		for _, name := range names {
			variables[name] = "x"
		}
		return object{"FunctionName": "f", "Environment": object{"Variables": variables}}
	}
	c.fails("CreateFunction", with("AWS_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID"), 400, "InvalidParameterValueException",
		"Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are "+
			"currently not supported for modification. Reserved keys used in this request: AWS_ACCESS_KEY_ID, AWS_REGION")
	c.fails("CreateFunction", with("_HANDLER"), 400, "ValidationException", "*")
	c.fails("CreateFunction", object{"FunctionName": "f!"}, 400, "ValidationException", "*")
	c.fails("CreateFunction", with("AWS_PROFILE"), 404, "UnknownOperationException", "The embedded AWS has no functions.")
	c.fails("DeleteFunction", object{"FunctionName": "f"}, 404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:"+account+":function:f")
	c.as(`{"Statement":[{"Effect":"Allow","Action":"lambda:Publish*","Resource":"*"}]}`).fails("CreateFunction", with("AWS_REGION"), 403, "AccessDeniedException", "*")
}
