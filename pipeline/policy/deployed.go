package policy

import (
	"slices"

	"github.com/whispering/bundle/internal/arn"
)

// Deployed is the policy of a role that looks which version of the layer functions have. It allows reading versions of the
// parameters, finding and reading the layer, and listing every function of the account with its aliases; for functionsOnly, only
// the versions and aliases of the manifest's functions. It can neither read nor seal a value.
//
// Lambda's replies have the environment variables of functions, and no policy can withhold them:
// https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
// Lambda knows no resource but * for lambda:ListFunctions:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
func (s Setting) Deployed(functionsOnly bool) Document {
	statements := slices.DeleteFunc(slices.Concat(s.look(), s.lookAtVersions()), func(one Statement) bool {
		return slices.Contains([]string{"ListPaths", "DescribeKeys", "DescribeTaggedKeys"}, one.Sid)
	})
	if functionsOnly {
		statements = append(statements, Statement{
			Sid: "ListVersionsAndAliases", Effect: allow, Resource: s.deployedFunctions(),
			Action: List{"lambda:GetFunctionConfiguration", "lambda:ListAliases", "lambda:ListVersionsByFunction"},
		})
	} else {
		statements = append(statements,
			Statement{Sid: "ListFunctions", Effect: allow, Action: List{"lambda:ListFunctions"}, Resource: List{"*"}},
			Statement{
				Sid: "ListAliases", Effect: allow, Action: List{"lambda:GetFunctionConfiguration", "lambda:ListAliases"},
				Resource: List{s.functionARN("*")}, // some functions are known only by the layer that they have
			})
	}
	return newDocument(statements, s.closeReads(), []Statement{s.denyValues()})
}

// deployedFunctions are the ARNs of the manifest's functions, by their names in Lambda.
func (s Setting) deployedFunctions() List {
	var all List
	for _, fn := range s.Manifest.Functions {
		all = append(all, s.functionARN(fn.File()))
	}
	return distinct(all)
}

func (s Setting) functionARN(name string) string {
	return arn.ARN{Partition: s.partition(), Service: "lambda", Region: s.Region, Account: s.Account, Resource: "function:" + name}.String()
}
