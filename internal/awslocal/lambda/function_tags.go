package lambda

import (
	"github.com/whispering/bundle/internal/awslocal/call"
)

type tagsInput struct{ Resource string }

// listTags is https://docs.aws.amazon.com/lambda/latest/api/API_ListTags.html for a function. CreateFunction sets tags, also those that
// begin with aws:, which only AWS itself can set, so that a test can have a function of CloudFormation.
func (s *Service) listTags(r *call.Request, in *tagsInput) (any, error) {
	if !functionARN.MatchString(in.Resource) {
		return nil, invalid("The embedded AWS lists the tags of functions only, by the ARN of a function without a qualifier.")
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	f, _, _, err := s.lookUp(r, functionInput{FunctionName: in.Resource})
	if err != nil {
		return nil, err
	}
	tags := f.Tags
	if tags == nil {
		tags = map[string]string{}
	}
	return map[string]any{"Tags": tags}, nil
}
