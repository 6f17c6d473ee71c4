package cloudtrail

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// trail is a trail and its event selectors.
type trail struct {
	Name        string          `json:"name"`
	Account     string          `json:"account"`
	Region      string          `json:"region"`
	Bucket      string          `json:"bucket"`
	MultiRegion bool            `json:"multi_region"`
	Selectors   json.RawMessage `json:"selectors,omitempty"`
	Advanced    json.RawMessage `json:"advanced,omitempty"`
}

func (t *trail) arn() string {
	return "arn:aws:cloudtrail:" + t.Region + ":" + t.Account + ":trail/" + t.Name
}

// describe is https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Trail.html.
func (t *trail) describe() map[string]any {
	return map[string]any{"Name": t.Name, "S3BucketName": t.Bucket, "IncludeGlobalServiceEvents": true, "IsMultiRegionTrail": t.MultiRegion,
		"HomeRegion": t.Region, "TrailARN": t.arn(), "LogFileValidationEnabled": false, "HasCustomEventSelectors": t.Selectors != nil || t.Advanced != nil,
		"HasInsightSelectors": false, "IsOrganizationTrail": false}
}

type createTrailInput struct {
	Name, S3BucketName string
	IsMultiRegionTrail bool
}

// createTrail is https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html. The trail delivers nothing.
func (s *Service) createTrail(r *call.Request, in *createTrailInput) (any, error) {
	switch {
	case len(in.Name) < 3 || len(in.Name) > 128:
		return nil, invalid("InvalidTrailNameException", "Trail name must be between 3 and 128 characters")
	case in.S3BucketName == "":
		return nil, invalid("InvalidS3BucketNameException", "Bucket name cannot be blank!")
	}
	t := &trail{Name: in.Name, Account: r.Account, Region: r.Region, Bucket: in.S3BucketName, MultiRegion: in.IsMultiRegionTrail}
	if err := r.Authorize("cloudtrail:CreateTrail", t.arn(), nil); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trails[t.arn()] != nil {
		return nil, invalid("TrailAlreadyExistsException", "Trail "+t.Name+" already exists for customer: "+t.Account)
	}
	s.trails[t.arn()] = t
	return t.describe(), nil
}

// describeTrails is https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html: the trails of this Region, and
// with shadow trails, which are the default, those of other Regions that are multi-Region.
func (s *Service) describeTrails(r *call.Request, in *struct {
	TrailNameList       []string
	IncludeShadowTrails *bool
},
) (any, error) {
	if err := r.Authorize("cloudtrail:DescribeTrails", "*", nil); err != nil {
		return nil, err
	}
	if len(in.TrailNameList) > 0 {
		return nil, invalid("UnsupportedOperationException", "The embedded AWS describes all trails: leave trailNameList out.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []map[string]any{}
	for _, t := range s.sorted() {
		shadow := t.MultiRegion && (in.IncludeShadowTrails == nil || *in.IncludeShadowTrails)
		if t.Account == r.Account && (t.Region == r.Region || shadow) {
			list = append(list, t.describe())
		}
	}
	return map[string]any{"trailList": list}, nil
}

type selectorsInput struct {
	TrailName              string
	EventSelectors         json.RawMessage
	AdvancedEventSelectors json.RawMessage
}

// find finds a trail by its name, in this Region, or by its ARN. The caller holds the lock.
func (s *Service) find(r *call.Request, name string) (*trail, error) {
	for arn, t := range s.trails {
		if arn == name || t.Name == name && t.Region == r.Region && t.Account == r.Account {
			return t, r.Authorize("cloudtrail:"+r.Operation, arn, nil)
		}
	}
	if err := r.Authorize("cloudtrail:"+r.Operation, (&trail{Name: name, Region: r.Region, Account: r.Account}).arn(), nil); err != nil {
		return nil, err
	}
	return nil, invalid("TrailNotFoundException", "Unknown trail: "+name+" for the user: "+r.Account)
}

// putEventSelectors is https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html. Selectors are not checked.
func (s *Service) putEventSelectors(r *call.Request, in *selectorsInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.find(r, in.TrailName)
	if err != nil {
		return nil, err
	}
	if (in.EventSelectors == nil) == (in.AdvancedEventSelectors == nil) {
		return nil, invalid("InvalidEventSelectorsException", "Specify either event selectors or advanced event selectors.")
	}
	t.Selectors, t.Advanced = in.EventSelectors, in.AdvancedEventSelectors
	return t.selectors(), nil
}

// getEventSelectors is https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html.
func (s *Service) getEventSelectors(r *call.Request, in *selectorsInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.find(r, in.TrailName)
	if err != nil {
		return nil, err
	}
	return t.selectors(), nil
}

// selectors are those of the trail; a new trail has one that logs all management events.
func (t *trail) selectors() any {
	all := json.RawMessage(`[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[],"ExcludeManagementEventSources":[]}]`)
	out := map[string]any{"TrailARN": t.arn()}
	switch {
	case t.Advanced != nil:
		out["AdvancedEventSelectors"] = t.Advanced
	case t.Selectors != nil:
		out["EventSelectors"] = t.Selectors
	default:
		out["EventSelectors"] = all
	}
	return out
}

// sorted are the trails by ARN. The caller holds the lock.
func (s *Service) sorted() (all []*trail) {
	for _, arn := range slices.Sorted(maps.Keys(s.trails)) {
		all = append(all, s.trails[arn])
	}
	return all
}
