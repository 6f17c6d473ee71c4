package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/workers"
	"github.com/whispering/bundle/pipeline/manifest"
)

// concurrency is how many calls are made at once.
const concurrency = 32

// A Doctor makes its calls in one account and region. It is safe for concurrent
// use.
type Doctor struct {
	client *kms.Client
	cfg    aws.Config
	pace   pace // of simulations

	// Root says that the caller is allowed everything, as the embedded AWS's own
	// credentials are. It is then no failure that the caller can decrypt.
	Root bool
}

// New returns a Doctor that makes its calls with cfg.
func New(cfg aws.Config) *Doctor {
	return &Doctor{client: kms.NewFromConfig(cfg), cfg: cfg}
}

// A Function is what a build would do for one function.
type Function struct {
	Name    string
	Key     manifest.Text // as in the manifest
	KeyARN  string        // what Key resolves to
	Blind   bool
	Context map[string]string // of a box, if the function is packed
	Moves   []Move            // if the function is blind
}

// A Move is a re-encryption that a blind build would make.
type Move struct {
	Secret     string
	Parameter  string // ARN
	Ciphertext []byte
	Context    map[string]string // of the box
	At         manifest.Text     // of the parameter
}

// Examine checks every KMS permission that a build of these functions needs, and
// that nobody else can open them. The findings are in the order of the functions.
// Only the end of ctx stops it early.
func (d *Doctor) Examine(ctx context.Context, functions []Function) []Finding {
	var checks []func(context.Context) []Finding
	add := func(check func(context.Context) Finding) {
		checks = append(checks, func(ctx context.Context) []Finding { return []Finding{check(ctx)} })
	}
	for _, f := range functions {
		if f.Context != nil {
			add(func(ctx context.Context) Finding { return d.sealing(ctx, f) })
		}
		for _, m := range f.Moves {
			add(func(ctx context.Context) Finding { return d.source(ctx, f, m) })
			add(func(ctx context.Context) Finding { return d.reading(ctx, f, m) })
		}
		add(func(ctx context.Context) Finding { return d.opening(ctx, f) })
		checks = append(checks, func(ctx context.Context) []Finding { return d.keyPolicy(ctx, f) })
		add(func(ctx context.Context) Finding { return d.usage(ctx, f) })
	}
	findings := make([][]Finding, len(checks))
	calls := workers.Start(min(concurrency, len(checks)))
	for i, check := range checks {
		calls.Always(func() { findings[i] = check(ctx) })
	}
	calls.Stop()
	return slices.Concat(findings...)
}

// sealing tries to encrypt as a build of a packed function does.
func (d *Doctor) sealing(ctx context.Context, f Function) Finding {
	found := Finding{Check: CheckSealing, Function: f.Name, Action: "kms:Encrypt", Resource: f.KeyARN, At: f.Key}
	_, err := d.client.Encrypt(ctx, &kms.EncryptInput{
		KeyId: aws.String(f.KeyARN), Plaintext: []byte("dry run"), EncryptionContext: f.Context, DryRun: aws.Bool(true),
	})
	return found.needed(ctx, err, fmt.Sprintf("key %q would seal for function %q", f.Key.Value, f.Name),
		fmt.Sprintf("Function %q cannot be sealed", f.Name), f.KeyARN+contextOf(f.Context))
}

// source tries to move a parameter's ciphertext as a blind build does. KMS requires
// two permissions.
func (d *Doctor) source(ctx context.Context, f Function, m Move) Finding {
	found := Finding{Check: CheckSource, Function: f.Name, Action: "kms:ReEncryptFrom", Resource: m.Parameter, At: m.At}
	_, err := d.client.ReEncrypt(ctx, &kms.ReEncryptInput{
		CiphertextBlob: m.Ciphertext, SourceEncryptionContext: parameterContext(m), DryRun: aws.Bool(true),
		DestinationKeyId: aws.String(f.KeyARN), DestinationEncryptionContext: m.Context,
	})
	cannot := m.Secret + " cannot be moved"
	passed := fmt.Sprintf("%s could be moved to key %q of function %q", m.Secret, f.Key.Value, f.Name)
	if awsfault.Classify(err) == awsfault.Denied && strings.Contains(err.Error(), "kms:ReEncryptTo") {
		found.Action, found.Resource = "kms:ReEncryptTo", f.KeyARN
		return found.needed(ctx, err, passed, cannot, f.KeyARN+contextOf(m.Context))
	}
	return found.needed(ctx, err, passed, cannot, "the key that "+m.Parameter+" is stored under")
}

// reading checks that a blind build cannot decrypt what it moves.
func (d *Doctor) reading(ctx context.Context, f Function, m Move) Finding {
	found := Finding{Check: CheckReading, Function: f.Name, Action: "kms:Decrypt", Resource: m.Parameter, At: m.At}
	_, err := d.client.Decrypt(ctx, &kms.DecryptInput{
		CiphertextBlob: m.Ciphertext, EncryptionContext: parameterContext(m), DryRun: aws.Bool(true),
	})
	return found.refused(ctx, err, true, d.Root, fmt.Sprintf("the parameter of %s", m.Secret))
}

// opening tries to open a document of the function, which a build does not need. The
// dry run works without a document.
func (d *Doctor) opening(ctx context.Context, f Function) Finding {
	found := Finding{Check: CheckOpening, Function: f.Name, Action: "kms:Decrypt", Resource: f.KeyARN, At: f.Key}
	box := f.Context
	if len(f.Moves) > 0 {
		box = f.Moves[0].Context
	}
	_, err := d.client.Decrypt(ctx, &kms.DecryptInput{
		KeyId: aws.String(f.KeyARN), EncryptionContext: box, DryRun: aws.Bool(true),
		DryRunModifiers: []types.DryRunModifierType{types.DryRunModifierTypeIgnoreCiphertext},
	})
	return found.refused(ctx, err, f.Blind, d.Root, fmt.Sprintf("the secrets of function %q", f.Name))
}

func parameterContext(m Move) map[string]string {
	return map[string]string{"PARAMETER_ARN": m.Parameter}
}

// contextOf formats the parts of an encryption context that policies check.
func contextOf(context map[string]string) string {
	return fmt.Sprintf(" (bundle:environment = %q, bundle:function = %q)", context["bundle:environment"], context["bundle:function"])
}
