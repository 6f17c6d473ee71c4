package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/whispering/bundle/layerbuild/sealed"
)

// A shape is the service that a repository builds for one environment and region of one account. Every function has a
// key and secrets of its own, of 32 bytes each.
type shape struct {
	Functions int
	Secrets   int  // of each function, each a parameter of its own
	Each      bool // each function has its own layer
	Blind     bool
}

// A step is what happens to the service.
type step string

const (
	first     step = "first build"
	unchanged step = "unchanged build"
	rotation  step = "rotation of one parameter"
)

// Calls are the numbers of calls by service and operation.
type calls map[string]int

// build returns the calls of bundle build.
func (s shape) build(what step) calls {
	reads := ceil(s.Functions*s.Secrets, 10)
	seals := func(functions int) int {
		if s.Blind {
			return functions * s.Secrets
		}
		return functions * ceil(s.Secrets*packedBytes, sealed.MaxBox)
	}
	operation := "kms:Encrypt"
	if s.Blind {
		operation = "kms:ReEncrypt"
	}
	c := calls{"sts:GetCallerIdentity": 1, "kms:DescribeKey": s.Functions, "ssm:GetParameters": reads}
	switch what {
	case first:
		c[operation] = seals(s.Functions)
		c["lambda:ListLayerVersions"] = s.layers() // to find that there is none
	case rotation: // the function that has it is sealed again
		c["ssm:GetParameters"] += ceil(s.Secrets, 10)
		c[operation] = seals(1)
	}
	return c
}

// publish returns the calls of bundle publish after that build.
func (s shape) publish(what step) calls {
	c := calls{"sts:GetCallerIdentity": 1, "lambda:ListLayerVersions": s.layers()}
	switch what {
	case first:
		c["lambda:PublishLayerVersion"] = s.layers()
	case rotation:
		c["lambda:GetLayerVersion"] = s.layers()
		c["lambda:PublishLayerVersion"] = 1
	case unchanged:
		c["lambda:GetLayerVersion"] = s.layers()
	}
	return c
}

func (s shape) layers() int {
	if s.Each {
		return s.Functions
	}
	return 1
}

// Quotas of one account and region, and what one call takes.
const (
	ssmPerSecond, ssmBurst = 40, 40 // https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm
	lambdaPerSecond        = 15     // https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	atOnce                 = 32     // calls that bundle has in progress, of each service; 4 for Lambda
	atOnceLambda           = 4
	latency                = 20 * time.Millisecond
	packedBytes            = 44 // of a secret in a box: its name, quotes and separators, and 32 bytes
)

// time returns how long the calls take at the default quotas, if nothing else in the account uses them.
func (c calls) time() time.Duration {
	var total time.Duration
	for name, n := range c {
		service, _, _ := strings.Cut(name, ":")
		switch service {
		case "ssm":
			total += max(rounds(n, atOnce), time.Duration(max(n-ssmBurst, 0))*time.Second/ssmPerSecond)
		case "lambda":
			total += max(rounds(n, atOnceLambda), time.Duration(n)*time.Second/lambdaPerSecond)
		default:
			total += rounds(n, atOnce)
		}
	}
	return total
}

func rounds(n, atOnce int) time.Duration { return time.Duration(ceil(n, atOnce)) * latency }

func (c calls) total() int {
	n := 0
	for _, of := range c {
		n += of
	}
	return n
}

// of returns the number of calls of a service.
func (c calls) of(service string) int {
	n := 0
	for name, calls := range c {
		if strings.HasPrefix(name, service+":") {
			n += calls
		}
	}
	return n
}

// document returns how many bytes the document of one function has.
func (s shape) document() int {
	h := sealed.Header{Bundle: "shop", Environment: "production", Function: "function-00000", Name: "function-00000", Mode: sealed.Pack}
	if s.Blind {
		h.Mode = sealed.Blind
	}
	var ciphertexts [][]byte
	for i := range s.Secrets {
		name := fmt.Sprintf("SECRET_%03d", i)
		h.Sources = append(h.Sources, sealed.Source{
			Secret: name, Encoding: "text", Version: 1, Modified: time.UnixMilli(1761998400123),
			ARN: fmt.Sprintf("arn:aws:ssm:us-west-2:222222222222:parameter/production/function-00000/secret-%03d", i),
		})
		if s.Blind {
			h.Boxes = append(h.Boxes, sealed.Box{Secrets: []string{name}})
			ciphertexts = append(ciphertexts, make([]byte, ciphertextOver+32))
		}
	}
	if !s.Blind {
		box := sealed.Box{}
		for _, source := range h.Sources {
			box.Secrets = append(box.Secrets, source.Secret)
		}
		h.Boxes, ciphertexts = []sealed.Box{box}, [][]byte{make([]byte, ciphertextOver+packedBytes*s.Secrets)}
	}
	d, err := sealed.New(h, "arn:aws:kms:us-west-2:222222222222:key/11111111-1111-1111-1111-111111111111", ciphertexts)
	if err != nil {
		return 0
	}
	return len(d.Bytes())
}

// ciphertextOver is how many bytes a ciphertext of kms:Encrypt has more than its plaintext, under a symmetric key.
const ciphertextOver = 120

// layer returns how many bytes a layer has: documents are stored without compression.
func (s shape) layer() int {
	const entry = 200 // of the zip, for each file
	n := s.document() + entry
	if !s.Each {
		n *= s.Functions
	}
	return n
}

// Prices in US dollars: https://aws.amazon.com/kms/pricing/ and https://aws.amazon.com/systems-manager/pricing/.
const (
	keyMonth        = 1.0
	kmsRequest      = 0.03 / 10_000
	advancedMonth   = 0.05 // a parameter above the 10,000 that a region can have in the standard tier
	standardMost    = 10_000
	layerMost       = 50 << 20 // bytes of an upload
	manifestMost    = 1 << 20
	blocksMost      = 60_000
	manifestPerLine = 70 // bytes of a secret block in one line
)

// month returns what a month costs with so many builds a day that change nothing, and one rotation of each function's
// parameters. Parameter Store calls KMS as well, for every value that it decrypts.
func (s shape) month(builds int) (keys, requests, parameters float64) {
	n := 30*builds*s.build(unchanged).of("kms") + s.Functions*s.build(rotation).of("kms")
	if !s.Blind {
		n += s.Functions * s.Secrets
	}
	if p := s.Functions * s.Secrets; p > standardMost {
		parameters = float64(p) * advancedMonth
	}
	return float64(s.Functions) * keyMonth, float64(n) * kmsRequest, parameters
}

// bites returns the limits that the shape exceeds, in the order in which a growing service meets them.
func (s shape) bites() []string {
	var all []string
	if s.Functions*s.Secrets*manifestPerLine > manifestMost {
		all = append(all, "manifest of 1 MiB")
	}
	if s.Functions*(s.Secrets+1) > blocksMost {
		all = append(all, "60,000 blocks of an environment")
	}
	if s.Functions*s.Secrets > standardMost {
		all = append(all, "10,000 standard parameters")
	}
	if s.layer() > layerMost {
		all = append(all, "layer of 50 MB")
	}
	return all
}

func ceil(n, by int) int { return (n + by - 1) / by }
