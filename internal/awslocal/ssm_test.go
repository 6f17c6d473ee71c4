package awslocal_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/internal/awslocal"
)

func putString(t *testing.T, c *ssm.Client, name, value string) int64 {
	t.Helper()
	return put(t, c, &ssm.PutParameterInput{Name: &name, Type: types.ParameterTypeString, Value: &value, Overwrite: aws.Bool(true)}).Version
}

func TestGetParametersSortsAndListsWhatIsInvalid(t *testing.T) {
	w := start(t)
	for _, name := range []string{"/b/2", "/a/1", "zeta", "/b/10"} {
		putString(t, w.ssm(), name, "sample of "+name)
	}
	putString(t, w.ssm(), "/a/1", "sample again")
	out, err := w.ssm().GetParameters(context.Background(), &ssm.GetParametersInput{Names: []string{
		"zeta", "/b/2", "/absent", "/a/1:1", "/a/1:9", "/a/1:label", "not*name", "/b/10", "/a/1:1:1", "/a/1:"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range out.Parameters {
		got = append(got, fmt.Sprintf("%s %s %d %s %s %s", aws.ToString(p.Name), aws.ToString(p.Selector), p.Version, p.Type, aws.ToString(p.DataType), aws.ToString(p.ARN)))
	}
	want := []string{
		"/a/1 :1 1 String text arn:aws:ssm:us-east-1:000000000000:parameter/a/1",
		"/b/10  1 String text arn:aws:ssm:us-east-1:000000000000:parameter/b/10",
		"/b/2  1 String text arn:aws:ssm:us-east-1:000000000000:parameter/b/2",
		"zeta  1 String text arn:aws:ssm:us-east-1:000000000000:parameter/zeta",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	invalid := []string{"/absent", "/a/1:9", "/a/1:label", "not*name", "/a/1:1:1", "/a/1:"}
	if diff := cmp.Diff(invalid, out.InvalidParameters); diff != "" {
		t.Error(diff)
	}
}

func TestNamesOfOneLevelHaveTwoSpellings(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	putString(t, w.ssm(), "/foo", "sample")
	if v := putString(t, w.ssm(), "foo", "again"); v != 2 {
		t.Errorf("version %d, want 2", v)
	}
	for _, name := range []string{"foo", "/foo", "arn:aws:ssm:us-east-1:000000000000:parameter/foo", "arn:aws:ssm:us-east-1:000000000000:parameter/foo:2"} {
		out, err := w.ssm().GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if arn := aws.ToString(out.Parameter.ARN); arn != "arn:aws:ssm:us-east-1:000000000000:parameter/foo" {
			t.Errorf("%s: ARN %s", name, arn)
		}
		if aws.ToString(out.Parameter.Name) != "/foo" || out.Parameter.Version != 2 {
			t.Errorf("%s: is %s, version %d", name, aws.ToString(out.Parameter.Name), out.Parameter.Version)
		}
	}
	_, err := w.ssm().GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("arn:aws:ssm:eu-west-1:000000000000:parameter/foo")})
	refused(t, err, "ParameterNotFound", "")
}

func TestReadsAreRefused(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	putString(t, w.ssm(), "/a/1", "sample")
	names := func(n int) []string { return slices.Repeat([]string{"/a/1"}, n) }
	for name, test := range map[string]struct {
		do         func(*ssm.Client) error
		code, text string
	}{
		"eleven names": {func(c *ssm.Client) error {
			_, err := c.GetParameters(ctx, &ssm.GetParametersInput{Names: names(11)})
			return err
		}, "ValidationException", "1 validation error detected: Value '[/a/1, /a/1, /a/1, /a/1, /a/1, /a/1, /a/1, /a/1, /a/1, /a/1, /a/1]' at 'names' " +
			"failed to satisfy constraint: Member must have length less than or equal to 10"},
		"no names": {func(c *ssm.Client) error {
			_, err := c.GetParameters(ctx, &ssm.GetParametersInput{Names: []string{}})
			return err
		}, "ValidationException", "at 'names' failed"},
		"an empty name": {func(c *ssm.Client) error {
			_, err := c.GetParameters(ctx, &ssm.GetParametersInput{Names: []string{""}})
			return err
		}, "ValidationException", "at 'names' failed"},
		"absent": {func(c *ssm.Client) error {
			_, err := c.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/a/2")})
			return err
		}, "ParameterNotFound", ""},
		"absent version": {func(c *ssm.Client) error {
			_, err := c.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/a/1:2")})
			return err
		}, "ParameterVersionNotFound", "Systems Manager could not find version 2 of /a/1. Verify the version and try again."},
		"two selectors": {func(c *ssm.Client) error {
			_, err := c.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/a/1:1:1")})
			return err
		}, "ValidationException", "Please use correct syntax for referencing a version/label  <name>:<version/label>"},
		"another service's ARN": {func(c *ssm.Client) error {
			_, err := c.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("arn:aws:s3:::parameter/a")})
			return err
		}, "ValidationException", ""},
		"a secret's reference, undecrypted": {func(c *ssm.Client) error {
			_, err := c.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/aws/reference/secretsmanager/x")})
			return err
		}, "ValidationException", "WithDecryption flag must be True for retrieving a Secret Manager secret."},
		"a secret's reference": {func(c *ssm.Client) error {
			_, err := c.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/aws/reference/secretsmanager/x"), WithDecryption: aws.Bool(true)})
			return err
		}, "ParameterNotFound", "Secret aws/reference/secretsmanager/xnull not found."},
		"a version's absent history": {func(c *ssm.Client) error {
			_, err := c.GetParameterHistory(ctx, &ssm.GetParameterHistoryInput{Name: aws.String("/a/2")})
			return err
		}, "ParameterNotFound", ""},
	} {
		t.Run(name, func(t *testing.T) { refused(t, test.do(w.ssm()), test.code, test.text) })
	}
}

func TestReadsByPathAreRefused(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	for name, test := range map[string]struct {
		do         func(*ssm.Client) error
		code, text string
	}{
		"a path without slash": {func(c *ssm.Client) error {
			_, err := c.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("a")})
			return err
		}, "ValidationException", "must begin with a forward slash"},
		"eleven results": {func(c *ssm.Client) error {
			_, err := c.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("/a"), MaxResults: aws.Int32(11)})
			return err
		}, "ValidationException", "Value '11' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 10"},
		"no results": {func(c *ssm.Client) error {
			_, err := c.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("/a"), MaxResults: aws.Int32(0)})
			return err
		}, "ValidationException", "greater than or equal to 1"},
		"a made-up token": {func(c *ssm.Client) error {
			_, err := c.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("/a"), NextToken: aws.String("AAAA")})
			return err
		}, "InvalidNextToken", ""},
		"a filter by path's own key": {filterBy("Name", "Equals", "x"), "InvalidFilterKey", ""},
		"a filter's option":          {filterBy("Type", "Contains", "x"), "InvalidFilterOption", "Valid options include: [BeginsWith, Equals]."},
		"a filter without values":    {filterBy("Type", "Equals"), "InvalidFilterValue", "missing: null for filter key Type"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, test.do(w.ssm()), test.code, test.text) })
	}
}

func filterBy(key, option string, values ...string) func(*ssm.Client) error {
	return func(c *ssm.Client) error {
		_, err := c.GetParametersByPath(context.Background(), &ssm.GetParametersByPathInput{Path: aws.String("/a"),
			ParameterFilters: []types.ParameterStringFilter{{Key: &key, Option: &option, Values: values}}})
		return err
	}
}

func TestPutsAreRefused(t *testing.T) {
	w := start(t)
	newKey(t, w.kms(), "alias/app")
	putString(t, w.ssm(), "/a/1", "sample")
	put(t, w.ssm(), &ssm.PutParameterInput{Name: aws.String("/a/adv"), Type: types.ParameterTypeString, Tier: types.ParameterTierAdvanced, Value: aws.String("sample")})
	put(t, w.ssm(), &ssm.PutParameterInput{Name: aws.String("/a/image"), Type: types.ParameterTypeString, DataType: aws.String("aws:ec2:image"), Value: aws.String("ami-12345abcdeEXAMPLE")})
	valid := func() *ssm.PutParameterInput {
		return &ssm.PutParameterInput{Name: aws.String("/a/new"), Type: types.ParameterTypeString, Value: aws.String("sample")}
	}
	const canary = "c4n4ry"
	for name, test := range map[string]struct {
		change     func(*ssm.PutParameterInput)
		code, text string
	}{
		"existing": {func(in *ssm.PutParameterInput) { in.Name = aws.String("/a/1") }, "ParameterAlreadyExists",
			"The parameter already exists. To overwrite this value, set the overwrite option in the request to true."},
		"no type": {func(in *ssm.PutParameterInput) { in.Type = "" }, "ValidationException", "A parameter type is required when you create a parameter."},
		"another type": {func(in *ssm.PutParameterInput) {
			in.Name, in.Type, in.Overwrite = aws.String("/a/1"), types.ParameterTypeSecureString, aws.Bool(true)
		}, "HierarchyTypeMismatchException", ""},
		"unknown type":         {func(in *ssm.PutParameterInput) { in.Type = "Text" }, "ValidationException", "Member must satisfy enum value set"},
		"unknown tier":         {func(in *ssm.PutParameterInput) { in.Tier = "Free" }, "ValidationException", "Member must satisfy enum value set"},
		"unknown datatype":     {func(in *ssm.PutParameterInput) { in.DataType = aws.String("aws:x") }, "ValidationException", "data type is not supported"},
		"datatype in capitals": {func(in *ssm.PutParameterInput) { in.DataType = aws.String("JSON") }, "ValidationException", "data type is not supported"},
		"no integer": {func(in *ssm.PutParameterInput) {
			in.DataType, in.Value = aws.String("integer"), aws.String(canary)
		}, "ValidationException", "doesn't conform to the data type integer"},
		"no JSON, encrypted": {func(in *ssm.PutParameterInput) {
			in.DataType, in.Value, in.Type, in.Tier = aws.String("json"), aws.String("{"+canary), types.ParameterTypeSecureString, types.ParameterTierAdvanced
		}, "ValidationException", "doesn't conform to the data type json"},
		"one of a list": {func(in *ssm.PutParameterInput) {
			in.DataType, in.Value, in.Type = aws.String("integer"), aws.String("1,"+canary), types.ParameterTypeStringList
		}, "ValidationException", "doesn't conform to the data type integer"},
		"a list of JSON": {func(in *ssm.PutParameterInput) {
			in.DataType, in.Value, in.Type, in.Tier = aws.String("json"), aws.String("1,2"), types.ParameterTypeStringList, types.ParameterTierAdvanced
		}, "ValidationException", "isn't supported for parameters of type StringList"},
		"an encrypted image": {func(in *ssm.PutParameterInput) {
			in.DataType, in.Value, in.Type = aws.String("aws:ec2:image"), aws.String("ami-12345abcdeEXAMPLE"), types.ParameterTypeSecureString
		}, "ValidationException", "isn't supported for parameters of type SecureString"},
		"JSON as a standard one": {func(in *ssm.PutParameterInput) {
			in.DataType, in.Value, in.Tier = aws.String("json"), aws.String("{}"), types.ParameterTierStandard
		}, "ValidationException", "requires the advanced-parameter tier"},
		"JSON in the default tier": {func(in *ssm.PutParameterInput) { in.DataType, in.Value = aws.String("jsonc"), aws.String("{}") },
			"ValidationException", "requires the advanced-parameter tier"},
		"a URL in the tier it has": {func(in *ssm.PutParameterInput) {
			in.Name, in.DataType, in.Value, in.Overwrite = aws.String("/a/1"), aws.String("url"), aws.String("https://example.com"), aws.Bool(true)
		}, "ValidationException", "requires the advanced-parameter tier"},
		"text to an image": {func(in *ssm.PutParameterInput) {
			in.Name, in.DataType, in.Value, in.Overwrite = aws.String("/a/1"), aws.String("aws:ec2:image"), aws.String("ami-12345abcdeEXAMPLE"), aws.Bool(true)
		}, "ValidationException", "can't be changed to or from"},
		"an image to text": {func(in *ssm.PutParameterInput) { in.Name, in.Overwrite = aws.String("/a/image"), aws.Bool(true) },
			"ValidationException", "can't be changed to or from"},
		"empty value": {func(in *ssm.PutParameterInput) { in.Value = aws.String("") }, "ValidationException", "Member must have length greater than or equal to 1"},
		"4097 bytes":  {func(in *ssm.PutParameterInput) { in.Value = aws.String(strings.Repeat("x", 4097)) }, "ValidationException", "maximum parameter value of 4096 characters"},
		"8193 bytes, advanced": {func(in *ssm.PutParameterInput) {
			in.Value, in.Tier = aws.String(strings.Repeat("x", 8193)), types.ParameterTierAdvanced
		}, "ValidationException", "maximum parameter value of 8192 characters"},
		"8193 bytes, intelligent": {func(in *ssm.PutParameterInput) {
			in.Value, in.Tier = aws.String(strings.Repeat("x", 8193)), types.ParameterTierIntelligentTiering
		}, "ValidationException", "maximum parameter value of 8192 characters"},
		"back to standard": {func(in *ssm.PutParameterInput) {
			in.Name, in.Tier, in.Overwrite = aws.String("/a/adv"), types.ParameterTierStandard, aws.Bool(true)
		}, "ValidationException", "You can't downgrade a parameter"},
		"a reference":        {func(in *ssm.PutParameterInput) { in.Value = aws.String("{{ssm:/a/1}}") }, "ValidationException", "can't nest another parameter"},
		"a key for a String": {func(in *ssm.PutParameterInput) { in.KeyId = aws.String("alias/app") }, "ValidationException", "KeyId"},
		"pattern": {func(in *ssm.PutParameterInput) {
			in.AllowedPattern, in.Value = aws.String("^[0-9]+$"), aws.String(canary)
		}, "ParameterPatternMismatchException", ""},
		"no pattern": {func(in *ssm.PutParameterInput) { in.AllowedPattern = aws.String("(") }, "InvalidAllowedPatternException", ""},
		"policies":   {func(in *ssm.PutParameterInput) { in.Policies = aws.String(`[{"Type":"None","Version":"1.0"}]`) }, "InvalidPolicyTypeException", ""},
		"tags": {func(in *ssm.PutParameterInput) {
			in.Overwrite, in.Tags = aws.Bool(true), []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}
		}, "ValidationException", "tags and overwrite can't be used together"},
		"absent alias": {func(in *ssm.PutParameterInput) {
			in.Type, in.KeyId = types.ParameterTypeSecureString, aws.String("alias/absent")
		}, "InvalidKeyId", "alias/absent"},
		"description": {func(in *ssm.PutParameterInput) { in.Description = aws.String(strings.Repeat("x", 1025)) }, "ValidationException", "description"},
	} {
		t.Run(name, func(t *testing.T) {
			in := valid()
			test.change(in)
			_, err := w.ssm().PutParameter(context.Background(), in)
			refused(t, err, test.code, test.text)
			if err != nil && strings.Contains(err.Error(), canary) {
				t.Error("the error quotes the value")
			}
		})
	}
}

func TestNamesThatMayNotBePut(t *testing.T) {
	w := start(t)
	long := "/" + strings.Repeat("x", 1011-len("arn:aws:ssm:us-east-1:000000000000:parameter/"))
	for name, want := range map[string]string{
		"a b": "ValidationException", "/a//b": "ValidationException", "a/b": "ValidationException", "/a/": "ValidationException", "/": "ValidationException",
		"ssm-x": "ValidationException", "SSMx": "ValidationException", "/ssm/x": "ValidationException", "awsx": "ValidationException",
		"/a/b:1": "ValidationException", "/ä": "ValidationException", "$x": "ValidationException",
		"/aws/x": "AccessDeniedException", "/AWSX/y": "AccessDeniedException",
		strings.Repeat("/x", 16): "HierarchyLevelLimitExceededException", strings.Repeat("/x", 15): "",
		long: "", long + "x": "ValidationException",
		"/a/aws/ssm": "", "A.b-c_d": "", " outer ": "",
	} {
		_, err := w.ssm().PutParameter(context.Background(), &ssm.PutParameterInput{Name: &name, Type: types.ParameterTypeString, Value: aws.String("sample")})
		if code(err) != want {
			t.Errorf("%q: %v, want %q", name, err, want)
		}
	}
	if err := read(w.config(), "outer"); err != nil {
		t.Error(err)
	}
}

func TestTiers(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	long := strings.Repeat("x", 4097)
	for _, step := range []struct {
		value      string
		tier, want types.ParameterTier
	}{
		{"sample", types.ParameterTierIntelligentTiering, types.ParameterTierStandard},
		{"sample", "", types.ParameterTierStandard},
		{long, types.ParameterTierIntelligentTiering, types.ParameterTierAdvanced},
		{"sample", types.ParameterTierIntelligentTiering, types.ParameterTierAdvanced},
		{long, "", types.ParameterTierAdvanced},
		{long, types.ParameterTierAdvanced, types.ParameterTierAdvanced},
	} {
		out := put(t, w.ssm(), &ssm.PutParameterInput{Name: aws.String("x"), Type: types.ParameterTypeString, Value: &step.value, Tier: step.tier, Overwrite: aws.Bool(true)})
		described, err := w.ssm().DescribeParameters(ctx, &ssm.DescribeParametersInput{})
		if err != nil {
			t.Fatal(err)
		}
		if out.Tier != step.want || described.Parameters[0].Tier != step.want {
			t.Errorf("%d bytes as %q: %s and %s, want %s", len(step.value), step.tier, out.Tier, described.Parameters[0].Tier, step.want)
		}
	}
}

// Every reply that has a parameter has its data type, and the value as it was put.
func TestDataTypesAreKept(t *testing.T) {
	ctx, name := context.Background(), "/app/x"
	w := start(t)
	for i, step := range []struct {
		value, dataType string
		tier, want      types.ParameterTier
	}{
		{"5", "integer", "", types.ParameterTierStandard},
		{"5.5", "float", types.ParameterTierStandard, types.ParameterTierStandard},
		{"6", "", "", types.ParameterTierStandard},
		{"{}", "json", types.ParameterTierIntelligentTiering, types.ParameterTierAdvanced},
		{"{} // c", "jsonc", "", types.ParameterTierAdvanced},
		{"x", "text", types.ParameterTierIntelligentTiering, types.ParameterTierAdvanced},
	} {
		in := &ssm.PutParameterInput{Name: &name, Type: types.ParameterTypeSecureString, Value: &step.value, Tier: step.tier, Overwrite: aws.Bool(true)}
		if step.dataType != "" {
			in.DataType = &step.dataType
		}
		if out := put(t, w.ssm(), in); out.Tier != step.want {
			t.Errorf("%s: tier %s, want %s", step.dataType, out.Tier, step.want)
		}
		want := step.dataType
		if want == "" {
			want = "text"
		}
		one, err := w.ssm().GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
		if err != nil {
			t.Fatal(err)
		}
		below, err := w.ssm().GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("/app")})
		if err != nil {
			t.Fatal(err)
		}
		all, err := w.ssm().GetParameterHistory(ctx, &ssm.GetParameterHistoryInput{Name: &name})
		if err != nil {
			t.Fatal(err)
		}
		described, err := w.ssm().DescribeParameters(ctx, &ssm.DescribeParametersInput{ParameterFilters: []types.ParameterStringFilter{{Key: aws.String("DataType"), Values: []string{want}}}})
		if err != nil {
			t.Fatal(err)
		}
		got := []string{*one.Parameter.Value, *one.Parameter.DataType, *below.Parameters[0].DataType, *all.Parameters[i].DataType, *described.Parameters[0].DataType}
		if !slices.Equal(got, []string{step.value, want, want, want, want}) {
			t.Errorf("step %d: %q", i, got)
		}
	}
	bad := aws.String("not-an-image")
	put(t, w.ssm(), &ssm.PutParameterInput{Name: aws.String("/app/image"), Type: types.ParameterTypeString, DataType: aws.String("aws:ec2:image"), Value: bad})
	if _, err := w.ssm().GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/app/image")}); code(err) != "ParameterNotFound" {
		t.Errorf("what is no image was created: %v", err)
	}
}

func TestByPathPagesInOrder(t *testing.T) {
	ctx := context.Background()
	for name, o := range map[string][]awslocal.Option{"full pages": nil, "empty pages": {awslocal.WithEmptyPages()}} {
		w := start(t, o...)
		var want []string
		for i := range 23 {
			want = append(want, fmt.Sprintf("/app/p%02d", i))
			putString(t, w.ssm(), want[i], "sample")
		}
		putString(t, w.ssm(), "/app/deep/er", "sample")
		putString(t, w.ssm(), "/apple", "sample")
		for _, path := range []string{"/app", "/app/"} {
			var got []string
			pages := ssm.NewGetParametersByPathPaginator(w.ssm(), &ssm.GetParametersByPathInput{Path: &path})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if len(page.Parameters) > 10 {
					t.Errorf("%d on a page", len(page.Parameters))
				}
				for _, p := range page.Parameters {
					got = append(got, aws.ToString(p.Name))
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s: %s", name, path, diff)
			}
		}
		out, err := w.ssm().GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("/app")})
		if err != nil || (len(out.Parameters) == 0) != (o != nil) || out.NextToken == nil {
			t.Errorf("%s: first page of %d, %v", name, len(out.Parameters), err)
		}
	}
}

func TestByPathFiltersAndDepth(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	newKey(t, w.kms(), "alias/app")
	putString(t, w.ssm(), "root", "sample")
	putString(t, w.ssm(), "/app/plain", "sample")
	putString(t, w.ssm(), "/app/plain", "sample 2")
	putString(t, w.ssm(), "/app/deep/plain", "sample")
	for name, key := range map[string]string{"/app/secret": "alias/app", "/app/deep/default": ""} {
		in := &ssm.PutParameterInput{Name: &name, Type: types.ParameterTypeSecureString, Value: aws.String("sample")}
		if key != "" {
			in.KeyId = &key
		}
		put(t, w.ssm(), in)
	}
	if _, err := w.ssm().LabelParameterVersion(ctx, &ssm.LabelParameterVersionInput{Name: aws.String("/app/plain"), ParameterVersion: aws.Int64(1), Labels: []string{"old"}}); err != nil {
		t.Fatal(err)
	}
	filter := func(key, option string, values ...string) []types.ParameterStringFilter {
		return []types.ParameterStringFilter{{Key: &key, Option: &option, Values: values}}
	}
	for name, test := range map[string]struct {
		path      string
		recursive bool
		filters   []types.ParameterStringFilter
		want      string
	}{
		"one level":       {"/app", false, nil, "/app/plain /app/secret"},
		"all levels":      {"/app", true, nil, "/app/deep/default /app/deep/plain /app/plain /app/secret"},
		"a leaf":          {"/app/plain", true, nil, ""},
		"nothing":         {"/none", true, nil, ""},
		"the root":        {"/", false, nil, "root"},
		"all of the root": {"/", true, nil, "/app/deep/default /app/deep/plain /app/plain /app/secret root"},
		"by type":         {"/app", true, filter("Type", "Equals", "SecureString"), "/app/deep/default /app/secret"},
		"by type's begin": {"/app", true, filter("Type", "BeginsWith", "Str"), "/app/deep/plain /app/plain"},
		"by key":          {"/app", true, filter("KeyId", "Equals", "alias/app"), "/app/secret"},
		"by default key":  {"/app", true, filter("KeyId", "BeginsWith", "alias/aws"), "/app/deep/default"},
		"by label":        {"/app", true, filter("Label", "Equals", "old", "other"), "/app/plain"},
		"by other label":  {"/app", true, filter("Label", "Equals", "new"), ""},
	} {
		out, err := w.ssm().GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: &test.path, Recursive: &test.recursive, ParameterFilters: test.filters})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, p := range out.Parameters {
			got = append(got, aws.ToString(p.Name))
			if name == "by label" && p.Version != 1 {
				t.Errorf("by label: version %d", p.Version)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %v, want %s", name, got, test.want)
		}
	}
}

func TestDescribeTellsKeyTierAndFilters(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	newKey(t, w.kms(), "alias/app")
	put(t, w.ssm(), &ssm.PutParameterInput{Name: aws.String("/app/secret"), Type: types.ParameterTypeSecureString, KeyId: aws.String("alias/app"), Value: aws.String("sample"),
		Description: aws.String("about"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}})
	put(t, w.ssm(), &ssm.PutParameterInput{Name: aws.String("/app/deep/list"), Type: types.ParameterTypeStringList, Value: aws.String("a,b"), Tier: types.ParameterTierAdvanced})
	putString(t, w.ssm(), "bare", "sample")
	for name, test := range map[string]struct {
		key, option string
		values      []string
		want        string
	}{
		"name":          {"Name", "Equals", []string{"/bare", "/app/secret"}, "/app/secret bare"},
		"name's begin":  {"Name", "BeginsWith", []string{"/app"}, "/app/deep/list /app/secret"},
		"part of name":  {"Name", "Contains", []string{"ar"}, "bare"},
		"type":          {"Type", "Equals", []string{"StringList"}, "/app/deep/list"},
		"key":           {"KeyId", "Equals", []string{"alias/app"}, "/app/secret"},
		"tier":          {"Tier", "Equals", []string{"Advanced"}, "/app/deep/list"},
		"path":          {"Path", "", []string{"/app"}, "/app/secret"},
		"path and deep": {"Path", "Recursive", []string{"/app"}, "/app/deep/list /app/secret"},
		"tag":           {"tag:team", "Equals", []string{"a"}, "/app/secret"},
		"tag's value":   {"tag:team", "Equals", []string{"b"}, ""},
		"tag's key":     {"tag:team", "Equals", nil, "/app/secret"},
		"data type":     {"DataType", "Equals", []string{"text"}, "/app/deep/list /app/secret bare"},
	} {
		f := types.ParameterStringFilter{Key: &test.key, Values: test.values}
		if test.option != "" {
			f.Option = &test.option
		}
		out, err := w.ssm().DescribeParameters(ctx, &ssm.DescribeParametersInput{ParameterFilters: []types.ParameterStringFilter{f}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, p := range out.Parameters {
			got = append(got, aws.ToString(p.Name))
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %v, want %s", name, got, test.want)
		}
	}
	out, err := w.ssm().DescribeParameters(ctx, &ssm.DescribeParametersInput{Filters: []types.ParametersFilter{{Key: types.ParametersFilterKeyKeyId, Values: []string{"alias/app"}}}})
	if err != nil || len(out.Parameters) != 1 {
		t.Fatalf("old filter: %v %v", out, err)
	}
	p := out.Parameters[0]
	if aws.ToString(p.KeyId) != "alias/app" || p.Tier != types.ParameterTierStandard || aws.ToString(p.Description) != "about" ||
		aws.ToString(p.ARN) != "arn:aws:ssm:us-east-1:000000000000:parameter/app/secret" || aws.ToString(p.LastModifiedUser) != "arn:aws:iam::000000000000:root" {
		t.Errorf("described as %+v", p)
	}
	if out, err := w.ssm().DescribeParameters(ctx, &ssm.DescribeParametersInput{MaxResults: aws.Int32(2)}); err != nil || len(out.Parameters) != 2 || out.NextToken == nil {
		t.Errorf("page: %v", err)
	}
}

func TestHistoryKeepsAHundredVersions(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 11, 1, 10, 0, 0, 123_456_789, time.UTC)
	w := start(t, awslocal.WithClock(func() time.Time { return now }))
	c := w.ssm()
	name := aws.String("/app/x")
	for i := range 101 {
		put(t, c, &ssm.PutParameterInput{Name: name, Type: types.ParameterTypeSecureString, Value: aws.String(fmt.Sprint("sample ", i+1)), Overwrite: aws.Bool(true)})
	}
	var versions []int64
	pages := ssm.NewGetParameterHistoryPaginator(c, &ssm.GetParameterHistoryInput{Name: name, WithDecryption: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Parameters {
			versions = append(versions, p.Version)
			if aws.ToString(p.Value) != fmt.Sprint("sample ", p.Version) || aws.ToString(p.KeyId) != "alias/aws/ssm" {
				t.Errorf("version %d has another value or key", p.Version)
			}
			if !aws.ToTime(p.LastModifiedDate).Equal(now.Truncate(time.Millisecond)) {
				t.Errorf("modified %v", p.LastModifiedDate)
			}
		}
	}
	if len(versions) != 100 || versions[0] != 2 || versions[99] != 101 {
		t.Errorf("versions %v", versions)
	}
}

func TestLabelsMoveAndHoldTheirVersion(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	c, name := w.ssm(), aws.String("/app/x")
	for i := range 101 {
		putString(t, c, *name, fmt.Sprint("sample ", i+1))
	}
	label := func(version int64, labels ...string) (*ssm.LabelParameterVersionOutput, error) {
		in := &ssm.LabelParameterVersionInput{Name: name, Labels: labels}
		if version > 0 {
			in.ParameterVersion = &version
		}
		return c.LabelParameterVersion(ctx, in)
	}
	out, err := label(2, "keep", "9lives", "awsome", "ssmx", "with space", "Keep.it_up-1")
	if err != nil || out.ParameterVersion != 2 || strings.Join(out.InvalidLabels, ",") != "9lives,awsome,ssmx,with space" {
		t.Errorf("label: %+v %v", out, err)
	}
	_, err = c.PutParameter(ctx, &ssm.PutParameterInput{Name: name, Value: aws.String("sample"), Overwrite: aws.Bool(true)})
	refused(t, err, "ParameterMaxVersionLimitExceeded", "Version 2, the oldest version, can't be deleted because it has a label")
	if out, err := label(0, "keep"); err != nil || out.ParameterVersion != 101 {
		t.Errorf("move: %+v %v", out, err)
	}
	if got := value(t, w, "/app/x:keep"); got != "sample 101" {
		t.Errorf("the label is on %s", got)
	}
	_, err = label(0, "l1", "l2", "l3", "l4", "l5", "l6", "l7", "l8", "l9", "l10")
	refused(t, err, "ParameterVersionLabelLimitExceeded", "")
	_, err = label(0, strings.Repeat("x", 101))
	refused(t, err, "ValidationException", "")
	_, err = label(1, "gone")
	refused(t, err, "ParameterVersionNotFound", "")
	off, err := c.UnlabelParameterVersion(ctx, &ssm.UnlabelParameterVersionInput{Name: name, ParameterVersion: aws.Int64(101), Labels: []string{"keep", "never"}})
	if err != nil || strings.Join(off.RemovedLabels, ",") != "keep" || strings.Join(off.InvalidLabels, ",") != "never" {
		t.Errorf("unlabel: %+v %v", off, err)
	}
	if got := value(t, w, "/app/x:keep"); got != "ParameterVersionNotFound" {
		t.Errorf("after unlabel %s", got)
	}
}

func TestDeletedParametersBeginAnew(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	c := w.ssm()
	putString(t, c, "/app/x", "sample 1")
	putString(t, c, "/app/x", "sample 2")
	putString(t, c, "y", "sample")
	out, err := c.DeleteParameters(ctx, &ssm.DeleteParametersInput{Names: []string{"/app/x", "/y", "/absent", "a b"}})
	if err != nil || strings.Join(out.DeletedParameters, ",") != "/app/x,/y" || strings.Join(out.InvalidParameters, ",") != "/absent,a b" {
		t.Errorf("%+v %v", out, err)
	}
	if v := putString(t, c, "/app/x", "sample 3"); v != 1 {
		t.Errorf("begins at version %d", v)
	}
	for _, name := range []string{"/absent", "/app/x:1", "a b"} {
		_, err := c.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: &name})
		refused(t, err, "ParameterNotFound", "")
	}
	if _, err := c.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String("/app/x")}); err != nil {
		t.Error(err)
	}
	refusedList := make([]string, 11)
	for i := range refusedList {
		refusedList[i] = fmt.Sprint("/x", i)
	}
	_, err = c.DeleteParameters(ctx, &ssm.DeleteParametersInput{Names: refusedList})
	refused(t, err, "ValidationException", "less than or equal to 10")
}
