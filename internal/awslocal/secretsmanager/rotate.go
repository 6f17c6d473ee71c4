package secretsmanager

import (
	"slices"
	"strconv"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// Functions tells which Lambda functions exist.
type Functions interface {
	HasFunction(arn string) bool
}

// rotation is how a secret is rotated.
type rotation struct {
	Enabled   bool          `json:"enabled"`
	LambdaARN string        `json:"lambda_arn,omitempty"` // "" if another service rotates it
	Rules     rotationRules `json:"rules"`
	Rotated   time.Time     `json:"rotated,omitzero"`
	Next      time.Time     `json:"next,omitzero"`
}

// rotationRules are https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotationRulesType.html.
type rotationRules struct {
	AutomaticallyAfterDays *int    `json:",omitempty"`
	Duration               *string `json:",omitempty"`
	ScheduleExpression     *string `json:",omitempty"`
}

const (
	durationText = `[0-9]+h`
	scheduleText = `[0-9A-Za-z\(\)#\?\*\-\/, ]+`
)

var (
	durationPattern      = lazyregexp.New("^" + durationText + "$")
	schedulePattern      = lazyregexp.New("^" + scheduleText + "$")
	rotationTokenPattern = lazyregexp.New(`^[a-zA-Z0-9\-]+$`)
	ratePattern          = lazyregexp.New(`^rate\(([0-9]+) (hour|day)s?\)$`)
	cronPattern          = lazyregexp.New(`^cron\([^() ]+( [^() ]+){5}\)$`)
)

func (r *rotationRules) check(c *check) {
	if r == nil {
		return
	}
	c.between("rotationRules.automaticallyAfterDays", r.AutomaticallyAfterDays, 1, 1000)
	c.length("rotationRules.duration", r.Duration, 2, 3)
	c.pattern("rotationRules.duration", r.Duration, durationPattern, durationText)
	c.length("rotationRules.scheduleExpression", r.ScheduleExpression, 1, maxStage)
	c.pattern("rotationRules.scheduleExpression", r.ScheduleExpression, schedulePattern, scheduleText)
}

// scheduled reports whether the schedule is one: rate() of at least four hours, or cron() of six fields, which are not read further
// (https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html).
func (r *rotationRules) scheduled() bool {
	const least = 4 * time.Hour
	if r.ScheduleExpression == nil || cronPattern.MatchString(*r.ScheduleExpression) {
		return true
	}
	return !r.next(time.Time{}).Before(time.Time{}.Add(least))
}

// next is when the rules rotate after a time; the zero time for a cron expression, which is not worked out here.
func (r *rotationRules) next(after time.Time) time.Time {
	const day = 24 * time.Hour
	if r.AutomaticallyAfterDays != nil {
		return after.Add(time.Duration(*r.AutomaticallyAfterDays) * day)
	}
	parts := ratePattern.FindStringSubmatch(text(r.ScheduleExpression))
	if parts == nil {
		return time.Time{}
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		return time.Time{}
	}
	unit := day
	if parts[2] == "hour" {
		unit = time.Hour
	}
	return after.Add(time.Duration(n) * unit)
}

// rotationReply is what DescribeSecret and ListSecrets say of the rotation. A secret that was never rotated has none of it.
type rotationReply struct {
	LastRotatedDate   epoch          `json:",omitzero"`
	NextRotationDate  epoch          `json:",omitzero"`
	RotationEnabled   *bool          `json:",omitempty"`
	RotationLambdaARN string         `json:",omitempty"`
	RotationRules     *rotationRules `json:",omitempty"`
}

func (r *rotation) reply() rotationReply {
	if r == nil {
		return rotationReply{}
	}
	enabled := r.Enabled
	out := rotationReply{RotationEnabled: &enabled, RotationLambdaARN: r.LambdaARN, RotationRules: &r.Rules, LastRotatedDate: epoch(r.Rotated)}
	if r.Enabled {
		out.NextRotationDate = epoch(r.Next)
	}
	return out
}

type rotateInput struct {
	SecretId           *string
	ClientRequestToken *string
	RotationLambdaARN  *string
	RotationRules      *rotationRules
	RotateImmediately  *bool

	ExternalSecretRotationMetadata []rotationItem
	ExternalSecretRotationRoleArn  *string
}

// rotationItem is metadata of the rotation of a secret that another company holds.
type rotationItem struct{ Key, Value *string }

func (in *rotateInput) checkExternal(c *check) {
	for _, item := range in.ExternalSecretRotationMetadata {
		c.required("externalSecretRotationMetadata.key", item.Key, 256)
		c.required("externalSecretRotationMetadata.value", item.Value, 2048)
	}
	c.length("externalSecretRotationRoleArn", in.ExternalSecretRotationRoleArn, 20, 2048)
}

// external refuses what only secrets of other companies have.
func (in *rotateInput) external() error {
	if in.ExternalSecretRotationMetadata != nil || in.ExternalSecretRotationRoleArn != nil {
		return notBuilt("secrets that other companies hold")
	}
	return nil
}

// rotationToken checks the length and the pattern of the token of a rotation function, if it is there. It is a secret.
func (c *check) rotationToken(token *string) {
	if token == nil {
		return
	}
	c.size("", "rotationToken", len(*token), 36, 256)
	if !rotationTokenPattern.MatchString(*token) {
		c.refuse("", "rotationToken", "satisfy regular expression pattern: ^[a-zA-Z0-9\\-]+$")
	}
}

// rotateSecret is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html. It begins the rotation: the new
// version has AWSPENDING and no value. No function runs.
func (s *Service) rotateSecret(req *call.Request, in *rotateInput) (any, error) {
	var c check
	c.secretID(in.SecretId)
	c.token(in.ClientRequestToken)
	c.length("rotationLambdaARN", in.RotationLambdaARN, 0, maxID)
	in.RotationRules.check(&c)
	in.checkExternal(&c)
	if err := c.err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.named(req, in.SecretId, condition("secretsmanager:RotationLambdaARN", in.RotationLambdaARN))
	if err != nil {
		return nil, err
	}
	if _, err := token(in.ClientRequestToken); err != nil {
		return nil, invalidParameter(needToken)
	}
	if x.deleted() {
		return nil, markedDeleted()
	}
	if err := in.external(); err != nil {
		return nil, err
	}
	if err := x.writable(); err != nil {
		return nil, err
	}
	configured, err := s.configured(x, in)
	if err != nil {
		return nil, err
	}
	if v := x.staged(pending); v != nil && v != x.staged(current) && v.ID != *in.ClientRequestToken {
		return nil, invalidRequest("A previous rotation isn't complete. That rotation will be reattempted.")
	}
	configured.Next = configured.Rules.next(instant(req))
	x.Rotation = configured
	if in.RotateImmediately == nil || *in.RotateImmediately {
		v := x.version(*in.ClientRequestToken)
		if v == nil {
			v = &version{ID: *in.ClientRequestToken, Created: instant(req)}
			x.Versions = append(x.Versions, v)
		}
		x.attach(pending, v, instant(req))
	}
	s.changed(req, x)
	return createOutput{ARN: x.ARN, Name: x.Name, VersionId: *in.ClientRequestToken}, nil
}

// configured is the rotation of a secret after a request.
func (s *Service) configured(x *secret, in *rotateInput) (*rotation, error) {
	r := rotation{}
	if x.Rotation != nil {
		r = *x.Rotation
	}
	r.Enabled = true
	if in.RotationLambdaARN != nil {
		r.LambdaARN = *in.RotationLambdaARN
	}
	if in.RotationRules != nil {
		r.Rules = *in.RotationRules
	}
	switch {
	case r.LambdaARN == "" && x.OwningService == "":
		return nil, invalidRequest("No Lambda rotation function ARN is associated with this secret.")
	case r.LambdaARN != "" && !s.functions.HasFunction(r.LambdaARN):
		return nil, call.NewError("AccessDeniedException", "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function "+
			"policy grants access to the principal secretsmanager.amazonaws.com.")
	case r.Rules.AutomaticallyAfterDays != nil && r.Rules.ScheduleExpression != nil:
		return nil, invalidParameter("You can't specify both AutomaticallyAfterDays and ScheduleExpression.")
	case !r.Rules.scheduled():
		return nil, invalidParameter("The rotation schedule is neither a rate of at least four hours nor a cron expression.")
	case r.Rules == rotationRules{}:
		return nil, invalidRequest("You must specify the rotation rules of the secret.")
	}
	return &r, nil
}

// cancelRotateSecret is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CancelRotateSecret.html. The labels stay.
func (s *Service) cancelRotateSecret(req *call.Request, in *idInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.usable(req, in.SecretId)
	if err != nil {
		return nil, err
	}
	if err := x.writable(); err != nil {
		return nil, err
	}
	out := createOutput{ARN: x.ARN, Name: x.Name}
	if x.Rotation != nil {
		stopped := *x.Rotation
		stopped.Enabled, stopped.Rotated = false, time.Time{}
		x.Rotation = &stopped
	}
	if v := x.staged(pending); v != nil && !slices.Contains(v.Stages, current) {
		out.VersionId = v.ID
	}
	s.changed(req, x)
	return out, nil
}

// rotates notes that a rotation is over, if a version with AWSPENDING becomes the current one.
func (x *secret) rotates(v *version, at time.Time) {
	if x.Rotation == nil || !slices.Contains(v.Stages, pending) {
		return
	}
	done := *x.Rotation
	done.Rotated, done.Next = at, done.Rules.next(at)
	x.Rotation = &done
}
