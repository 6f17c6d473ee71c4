package sts

import "github.com/whispering/bundle/internal/awslocal/call"

// callerIdentity is the result of https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html.
type callerIdentity struct {
	Arn, UserId, Account string
}

func (s *Service) getCallerIdentity(req *call.Request) (any, error) {
	return callerIdentity{Arn: req.Caller.ARN, UserId: req.Caller.UserID, Account: req.Caller.Account}, nil
}
