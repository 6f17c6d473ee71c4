package secretsmanager

import "time"

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
	out := rotationReply{RotationEnabled: &r.Enabled, RotationLambdaARN: r.LambdaARN, RotationRules: &r.Rules, LastRotatedDate: epoch(r.Rotated)}
	if r.Enabled {
		out.NextRotationDate = epoch(r.Next)
	}
	return out
}
