package cloudtrail

import (
	"encoding/base64"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

const (
	maxResults = 50                  // events of a page
	history    = 90 * 24 * time.Hour // that event history has
	maxValue   = 2000                // characters of an attribute's value
)

type lookupInput struct {
	LookupAttributes []struct{ AttributeKey, AttributeValue string }
	StartTime        *float64
	EndTime          *float64
	EventCategory    string
	MaxResults       *int
	NextToken        string
}

// item is https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Event.html.
type item struct {
	EventId         string
	EventName       string
	ReadOnly        string
	AccessKeyId     string `json:",omitempty"`
	EventTime       float64
	EventSource     string
	Username        string `json:",omitempty"`
	Resources       []itemResource
	CloudTrailEvent string
}

type itemResource struct{ ResourceType, ResourceName string }

// lookupEvents is https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html: newest first, by at most one attribute.
func (s *Service) lookupEvents(r *call.Request, in *lookupInput) (any, error) {
	if err := r.Authorize("cloudtrail:LookupEvents", "*", nil); err != nil {
		return nil, err
	}
	fits, err := in.attribute()
	if err != nil {
		return nil, err
	}
	most := maxResults
	if in.MaxResults != nil {
		if most = *in.MaxResults; most < 1 || most > maxResults {
			return nil, invalid("InvalidMaxResultsException", "This exception is thrown if the limit specified is not valid.")
		}
	}
	if in.EventCategory != "" && in.EventCategory != "insight" {
		return nil, invalid("InvalidEventCategoryException", "Occurs if an event category that is not valid is specified as a value of EventCategory.")
	}
	from, to := r.Now.Add(-history), r.Now.Add(-s.Delay)
	if in.StartTime != nil && in.EndTime != nil && *in.StartTime > *in.EndTime {
		return nil, invalid("InvalidTimeRangeException", "Occurs if the timestamp values are not valid. Either the start time occurs after the end time, "+
			"or the time range is outside the range of possible values.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := len(s.events)
	if in.NextToken != "" {
		if at, err = s.after(in.NextToken); err != nil {
			return nil, err
		}
	}
	items, next := []item{}, ""
	for i := at - 1; i >= 0 && in.EventCategory == ""; i-- {
		e := s.events[i]
		when := float64(e.at.UnixMilli()) / 1000
		outside := e.at.Before(from) || e.at.After(to) || in.StartTime != nil && when < *in.StartTime || in.EndTime != nil && when > *in.EndTime
		if outside || e.account != r.Account || e.region != r.Region || !fits(e) {
			continue
		}
		if len(items) == most {
			next = token(s.events[i+1].id)
			break
		}
		items = append(items, e.item())
	}
	return struct {
		Events    []item
		NextToken string `json:",omitempty"`
	}{items, next}, nil
}

// A token names the event that comes before the rest of the list.
func token(id string) string { return base64.StdEncoding.EncodeToString([]byte(id)) }

// after is the index of the event of a token. The caller holds the lock.
func (s *Service) after(token string) (int, error) {
	id, err := base64.StdEncoding.DecodeString(token)
	if err == nil {
		for i, e := range s.events {
			if e.id == string(id) {
				return i, nil
			}
		}
	}
	return 0, invalid("InvalidNextTokenException", "A token that is not valid, or a token that was previously used in a request with different parameters.")
}

// attribute is the filter of the request.
func (in *lookupInput) attribute() (func(*event) bool, error) {
	if len(in.LookupAttributes) == 0 {
		return func(*event) bool { return true }, nil
	}
	wrong := invalid("InvalidLookupAttributesException", "Occurs when a lookup attribute is specified that is not valid.")
	a := in.LookupAttributes[0]
	if len(in.LookupAttributes) > 1 || a.AttributeValue == "" || len(a.AttributeValue) > maxValue {
		return nil, wrong
	}
	value := a.AttributeValue
	field := map[string]func(*event) bool{
		"EventId":      func(e *event) bool { return e.id == value },
		"EventName":    func(e *event) bool { return e.name == value },
		"ReadOnly":     func(e *event) bool { return e.readOnly == value },
		"Username":     func(e *event) bool { return e.user == value },
		"ResourceType": func(*event) bool { return value == keyType },
		"ResourceName": func(e *event) bool { return e.touches(value) },
		"EventSource":  func(*event) bool { return value == source },
		"AccessKeyId":  func(e *event) bool { return e.key == value },
	}[a.AttributeKey]
	if field == nil {
		return nil, wrong
	}
	return field, nil
}

func (e *event) touches(name string) bool {
	for _, arn := range e.resources {
		if arn == name {
			return true
		}
	}
	return false
}

func (e *event) item() item {
	out := item{EventId: e.id, EventName: e.name, ReadOnly: e.readOnly, AccessKeyId: e.key, EventTime: float64(e.at.Unix()), EventSource: source,
		Username: e.user, CloudTrailEvent: e.record.text()}
	for _, arn := range e.resources {
		out.Resources = append(out.Resources, itemResource{keyType, arn})
	}
	return out
}
