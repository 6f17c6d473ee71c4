package awslocal

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/sigv4"
)

// protocol is the form of requests and replies on the wire. A service with another protocol needs one more implementation.
type protocol interface {
	// claims reports whether the request is of this protocol.
	claims(r *http.Request) bool
	// read returns the service, the operation, and the members as JSON.
	read(r *http.Request, body []byte) (service, operation string, in []byte, err error)
	// reply and failure return the body of an answer.
	reply(operation, id string, out any) ([]byte, error)
	failure(id string, e *call.Error) []byte
	contentType() string
	// refusal returns the error for a request whose signature is not accepted.
	refusal(refusal) *call.Error
}

// jsonProtocol is AWS JSON 1.1, of SSM, KMS, CloudTrail and Secrets Manager: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html.
type jsonProtocol struct{}

// jsonTargets are the prefixes of X-Amz-Target by service.
func jsonTargets() map[string]string {
	return map[string]string{"ssm": "AmazonSSM", "kms": "TrentService", "cloudtrail": "CloudTrail_20131101", "secretsmanager": "secretsmanager"}
}

func (jsonProtocol) claims(r *http.Request) bool { return r.Header.Get("X-Amz-Target") != "" }

func (jsonProtocol) contentType() string { return "application/x-amz-json-1.1" }

func (jsonProtocol) read(r *http.Request, body []byte) (service, operation string, in []byte, err error) {
	target := r.Header.Get("X-Amz-Target") // botocore puts a package in front of CloudTrail's
	prefix, operation, _ := strings.Cut(strings.TrimPrefix(target, "com.amazonaws.cloudtrail.v20131101."), ".")
	for name, target := range jsonTargets() {
		if prefix == target {
			service = name
		}
	}
	if r.Method != http.MethodPost || r.URL.Path != "/" && r.URL.Path != "" {
		return service, operation, nil, call.NewError("UnknownOperationException", "")
	}
	return service, operation, body, nil
}

func (jsonProtocol) reply(_, _ string, out any) ([]byte, error) {
	if out == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(out)
}

func (jsonProtocol) failure(_ string, e *call.Error) []byte {
	members := map[string]string{"__type": e.Code}
	switch {
	case e.Message == "":
	case e.UpperMessage:
		members["Message"] = e.Message
	default:
		members["message"] = e.Message
	}
	body, err := json.Marshal(members)
	if err != nil {
		return []byte("{}") // strings always marshal
	}
	return body
}

func (jsonProtocol) refusal(f refusal) *call.Error { return call.NewError(f.jsonCode, f.message) }

// queryProtocol is AWS Query, of STS and IAM: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html.
type queryProtocol struct{ service, namespace string }

func queryProtocols() []protocol {
	return []protocol{queryProtocol{"iam", "https://iam.amazonaws.com/doc/2010-05-08/"}, queryProtocol{"sts", "https://sts.amazonaws.com/doc/2011-06-15/"}}
}

// claims takes what is signed for IAM, and everything else as STS: there, a token signs.
func (q queryProtocol) claims(r *http.Request) bool {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") && !r.URL.Query().Has("Action") {
		return false
	}
	signed, err := sigv4.Parse(r)
	return q.service == "sts" || err == nil && signed.Service == q.service
}

func (queryProtocol) contentType() string { return "text/xml" }

func (q queryProtocol) read(r *http.Request, body []byte) (service, operation string, in []byte, err error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return q.service, "", nil, &call.Error{Code: "MalformedInput", Message: "the form cannot be read"}
	}
	members := map[string]string{}
	for _, values := range []url.Values{r.URL.Query(), form} { // a presigned POST has its members in the query
		for name := range values {
			members[name] = values.Get(name)
		}
	}
	in, err = json.Marshal(members)
	return q.service, members["Action"], in, err
}

func (q queryProtocol) reply(operation, id string, out any) ([]byte, error) {
	var b strings.Builder
	b.WriteString("<" + operation + `Response xmlns="` + q.namespace + `">`)
	e := xml.NewEncoder(&b)
	if err := e.EncodeElement(out, xml.StartElement{Name: xml.Name{Local: operation + "Result"}}); err != nil {
		return nil, err
	}
	b.WriteString("<ResponseMetadata><RequestId>" + id + "</RequestId></ResponseMetadata></" + operation + "Response>")
	return []byte(b.String()), nil
}

func (q queryProtocol) failure(id string, e *call.Error) []byte {
	body, err := xml.Marshal(struct {
		XMLName xml.Name
		Error   struct{ Type, Code, Message string }
		ID      string `xml:"RequestId"`
	}{XMLName: xml.Name{Space: q.namespace, Local: "ErrorResponse"}, Error: struct{ Type, Code, Message string }{"Sender", e.Code, e.Message}, ID: id})
	if err != nil {
		return nil // strings always marshal
	}
	return body
}

func (queryProtocol) refusal(f refusal) *call.Error {
	status := http.StatusForbidden
	if f.queryCode == "IncompleteSignature" || f.queryCode == "RequestExpired" {
		status = http.StatusBadRequest
	}
	return &call.Error{Status: status, Code: f.queryCode, Message: f.message}
}

// refusal is why a request is not accepted, with its code in either protocol
// (https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html,
// https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html).
type refusal struct{ jsonCode, queryCode, message string }

func (r refusal) Error() string { return r.message }

func refuseMissing() refusal {
	return refusal{"MissingAuthenticationTokenException", "MissingAuthenticationToken", "Request is missing Authentication Token"}
}

func refuseMalformed(reason string) refusal {
	return refusal{"IncompleteSignatureException", "IncompleteSignature", reason}
}

func refuseSignature(reason string) refusal {
	return refusal{"InvalidSignatureException", "SignatureDoesNotMatch", reason}
}

func refuseID() refusal {
	return refusal{"UnrecognizedClientException", "InvalidClientTokenId", "The security token included in the request is invalid."}
}

func refuseExpired() refusal {
	return refusal{"ExpiredTokenException", "ExpiredToken", "The security token included in the request is expired"}
}

func refusePresigned() refusal {
	return refusal{"RequestExpired", "RequestExpired", "Request has expired."}
}

// asError turns any error into the one that is sent to the client. An error that is not one of AWS's becomes an internal failure
// without details.
func asError(p protocol, err error) *call.Error {
	var e *call.Error
	var f refusal
	switch {
	case errors.As(err, &f):
		return p.refusal(f)
	case errors.As(err, &e):
		if e.Status == 0 {
			answered := *e
			answered.Status = http.StatusBadRequest
			return &answered
		}
		return e
	}
	return &call.Error{Status: http.StatusInternalServerError, Code: "InternalServerError", Message: "internal failure of the embedded AWS"}
}
