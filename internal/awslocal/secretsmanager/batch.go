package secretsmanager

import (
	"errors"
	"slices"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// maxBatch is the most secrets of one BatchGetSecretValue.
const maxBatch = 20

type batchInput struct {
	SecretIdList []string
	Filters      []filter
	MaxResults   *int
	NextToken    *string
}

func (in *batchInput) check() error {
	var c check
	if in.SecretIdList != nil {
		c.size(" '"+quoted(in.SecretIdList)+"'", "secretIdList", len(in.SecretIdList), 1, maxBatch)
		for i := range in.SecretIdList {
			c.length("secretIdList", &in.SecretIdList[i], 1, maxID)
		}
	}
	c.page(in.MaxResults, in.NextToken, maxBatch)
	c.filters(in.Filters)
	if err := c.err(); err != nil {
		return err
	}
	switch {
	case (in.SecretIdList == nil) == (in.Filters == nil):
		return invalidParameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
	case in.MaxResults != nil && in.Filters == nil:
		return invalidParameter("'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.")
	case len(slices.Compact(slices.Sorted(slices.Values(in.SecretIdList)))) < len(in.SecretIdList):
		return invalidParameter("'SecretIdList' has an ID twice.")
	}
	return nil
}

// batchError says why one secret of a batch was not read.
type batchError struct{ ErrorCode, Message, SecretId string }

// batchGetSecretValue is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html.
func (s *Service) batchGetSecretValue(req *call.Request, in *batchInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if err := authorize(req, "BatchGetSecretValue", reference{asked: "*", arn: "*"}, nil); err != nil {
		return nil, err
	}
	ids, next := in.SecretIdList, ""
	if in.Filters != nil {
		var err error
		if ids, next, err = s.filtered(req, in); err != nil {
			return nil, err
		}
	}
	one := *req
	one.Operation = "GetSecretValue"
	values, failed := []*valueReply{}, []batchError{}
	for i := range ids {
		reply, err := s.value(&one, &getInput{SecretId: &ids[i]})
		var e *call.Error
		switch {
		case err == nil:
			values = append(values, reply)
		case errors.As(err, &e) && e.Code != "ValidationException":
			failed = append(failed, batchError{e.Code, e.Message, ids[i]})
		default:
			return nil, err
		}
	}
	return struct {
		Errors       []batchError
		NextToken    string `json:",omitempty"`
		SecretValues []*valueReply
	}{failed, next, values}, nil
}

// filtered returns a page of the secrets that match the filters of a batch.
func (s *Service) filtered(req *call.Request, in *batchInput) (ids []string, next string, err error) {
	if err := authorize(req, "ListSecrets", reference{asked: "*", arn: "*"}, nil); err != nil {
		return nil, "", err
	}
	most := maxBatch
	if in.MaxResults != nil {
		most = *in.MaxResults
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	asked := &listInput{Filters: in.Filters}
	page, next, err := paged(s.listed(req, asked), &most, in.NextToken, listOf("BatchGetSecretValue", asked))
	for _, e := range page {
		ids = append(ids, e.ARN)
	}
	return ids, next, err
}
