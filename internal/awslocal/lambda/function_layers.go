package lambda

import (
	"strconv"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
)

// maxLayers is that of https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
const maxLayers = 5

// attach checks a list of layer versions for a function. The caller of AWS needs lambda:GetLayerVersion for each of them, also for those
// that the function has already. A layer version that was deleted cannot be attached again. The caller holds the lock.
func (s *Service) attach(r *call.Request, function string, arns []string) ([]attached, error) {
	if len(arns) > maxLayers {
		return nil, invalid("Cannot reference more than %d layers.", maxLayers)
	}
	region, first := strings.Split(function, ":")[3], map[string]string{}
	for _, arn := range arns {
		if at := strings.Split(arn, ":")[3]; at != region && !awsLayer.MatchString(arn) {
			return nil, invalid("Layers are not in the same region as the function. Layers are expected to be in region %s.", region)
		}
		layer := arn
		if parts := versionARN.FindStringSubmatch(arn); parts != nil {
			layer = parts[1]
		}
		if other, twice := first[layer]; twice {
			return nil, invalid("Two different versions of the same layer are not allowed to be referenced in the same function. "+
				"%s and %s are versions of the same layer.", other, arn)
		}
		first[layer] = arn
	}
	var layers []attached
	for _, arn := range arns {
		size, err := s.attachable(r, arn)
		if err != nil {
			return nil, err
		}
		layers = append(layers, attached{arn, size})
	}
	return layers, nil
}

// attachable returns the size of a layer version that the caller may attach. AWS's own layers have no version and no size here.
func (s *Service) attachable(r *call.Request, arn string) (int64, error) {
	parts := versionARN.FindStringSubmatch(arn)
	if parts == nil {
		everyone, err := iam.ParseResource([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`))
		if err != nil {
			return 0, err
		}
		return 0, s.permit(r, "GetLayerVersion", arn, &everyone, nil)
	}
	var v *version
	if number, err := strconv.ParseInt(parts[2], 10, 64); err == nil && s.layers[parts[1]] != nil {
		v = s.layers[parts[1]].find(number)
	}
	shared, err := v.shared()
	if err != nil {
		return 0, err
	}
	if err := s.permit(r, "GetLayerVersion", arn, shared, nil); err != nil {
		return 0, err
	}
	if v == nil {
		return 0, invalid("Layer version %s does not exist.", arn)
	}
	return v.Size, nil
}
