package manifest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// layerParameter evaluates bundle.layer_parameter.
func (e *evaluator) layerParameter(s *scope) Text {
	name, has := e.text(e.m.bundle, "layer_parameter", s)
	if has != found {
		return name
	}
	ref, err := ParseLayerParameter(name.Value)
	if err != nil {
		e.wrong(e.m.bundle.attrs.named("layer_parameter"), "Invalid layer parameter", fmt.Sprintf("%q %s", name.Value, err), name.Range)
		return Text{Range: name.Range}
	}
	return Text{Value: ref, Range: name.Range}
}

// layerParameterPattern matches the name of a parameter, and no version, label or ARN:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
var layerParameterPattern = lazyregexp.New(`^(/?[A-Za-z0-9_.-]+|(/[A-Za-z0-9_.-]+){2,15})$`)

// maxLayerParameter keeps the ARN of a parameter within its limit of 1,011 characters.
const maxLayerParameter = 900

// ParseLayerParameter checks the name of a parameter that gets the ARN of a published layer version, and returns it as in
// secret.Ref. Its error is the end of a sentence, and one that says what to write instead.
func ParseLayerParameter(name string) (string, error) {
	first, _, more := strings.Cut(strings.ToLower(strings.TrimPrefix(name, "/")), "/")
	reserved := first == "aws" || first == "ssm" || !more && (strings.HasPrefix(first, "aws") || strings.HasPrefix(first, "ssm"))
	if len(name) > maxLayerParameter || !layerParameterPattern.MatchString(name) || reserved {
		return "", errors.New("is not the name of a parameter. Write, for example, \"/bundle/prod/layer-arn\": letters, digits, hyphens, underscores and periods " +
			"in at most 15 levels, without a version or label, and not beginning with \"aws\" or \"ssm\".")
	}
	return plainName(name), nil
}

// plainName returns a parameter's name without the slash that makes no difference, as in secret.Ref.
func plainName(name string) string {
	if strings.LastIndex(name, "/") == 0 {
		return name[1:]
	}
	return name
}

// checkLayerParameter checks layer_parameter against layer: one parameter has the ARN of one layer.
func (e *evaluator) checkLayerParameter() {
	a, layer := e.m.bundle.attrs.named("layer_parameter"), e.m.bundle.attrs.named("layer")
	if a == nil || e.refused(a.Expr.Range()) {
		return
	}
	switch {
	case layer == nil && !e.m.bundle.partial:
		e.wrong(a, "Layer parameter without a layer", "The parameter gets the ARN of the published layer, and this bundle has no name for one. Write layer = \"NAME\" as well.", a.Expr.Range())
	case layer == nil || e.refused(layer.Expr.Range()):
	case e.perFunction("layer") && !e.perFunction("layer_parameter"):
		e.wrong(a, "One parameter for many layers", "Each function has a layer of its own, because layer uses function.name. Put ${function.name} into layer_parameter as well.", a.Expr.Range())
	case !e.perFunction("layer") && e.perFunction("layer_parameter"):
		e.wrong(a, "Many parameters for one layer", "All functions have one layer, because layer does not use function.name. Take ${function.name} out of layer_parameter.", a.Expr.Range())
	}
}

// checkReads refuses layer parameters that a function reads: each new layer would make a new value, and each new value a
// new layer.
func (e *evaluator) checkReads(m *Manifest) {
	for _, fn := range m.Functions {
		name := fn.LayerParameter
		if name.Value == "" {
			continue
		}
		if reader := m.Reader(name.Value); reader != "" {
			e.wrong(e.m.bundle.attrs.named("layer_parameter"), "Layer parameter is read as a secret", fmt.Sprintf(
				"Function %q reads %q, so every published layer would make the next build publish another. Choose a name that no function reads.", reader, name.Value), name.Range)
			return
		}
	}
}

// Reader returns the first function that reads a parameter, or "".
func (m *Manifest) Reader(name string) string {
	for _, fn := range m.Functions {
		if slices.ContainsFunc(fn.Imports, func(im Import) bool { return im.Takes(name) }) || slices.ContainsFunc(fn.Secrets, func(s Secret) bool {
			read, _, _ := strings.Cut(s.Parameter.Value, ":")
			return plainName(read) == name
		}) {
			return fn.Name.Value
		}
	}
	return ""
}
