// Command busy makes a function, and asks Lambda for what it may refuse while the function is being created and while it is being updated.
// It prints a line for each request: its name, the state that the function was still in after the answer, and the answer: "ok", or the code
// and the message. If the function was ready too soon, each time, there is "over" instead.
//
//	busy FUNCTION ROLE ARCHIVE
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
)

const most = 8 // attempts

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "busy:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 4 {
		return errors.New("usage: busy FUNCTION ROLE ARCHIVE")
	}
	code, err := os.ReadFile(os.Args[3])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return errors.New("there is no configuration")
	}
	f := function{lambda.NewFromConfig(cfg), os.Args[1]}
	if err := f.whileCreated(ctx, os.Args[2], code); err != nil {
		return err
	}
	return f.whileUpdated(ctx)
}

type function struct {
	client *lambda.Client
	name   string
}

// whileCreated makes the function until it is not active before it could be updated.
func (f function) whileCreated(ctx context.Context, role string, code []byte) error {
	for attempt := 1; ; attempt++ {
		_, err := f.client.CreateFunction(ctx, &lambda.CreateFunctionInput{FunctionName: &f.name, Role: &role, Code: &types.FunctionCode{ZipFile: code},
			Runtime: types.RuntimePython313, Handler: aws.String("none.none")})
		if err != nil {
			return errors.New(outcome(err))
		}
		answer := f.update(ctx, nil)
		now, err := f.client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &f.name})
		if err != nil {
			return errors.New(outcome(err))
		}
		switch {
		case now.State == types.StatePending:
			fmt.Println("pending", now.State, answer)
		case attempt == most:
			fmt.Println("pending over")
		default:
			if _, err := f.client.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &f.name}); err != nil {
				return errors.New(outcome(err))
			}
			continue
		}
		return f.ready(ctx)
	}
}

// whileUpdated updates the function until that takes long enough for two more requests.
func (f function) whileUpdated(ctx context.Context) error {
	for attempt := 1; ; attempt++ {
		if answer := f.update(ctx, nil); answer != "ok" {
			return errors.New(answer)
		}
		_, err := f.client.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: &f.name})
		stale := f.update(ctx, aws.String("00000000-0000-4000-8000-000000000000"))
		now, failed := f.client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &f.name})
		switch {
		case failed != nil:
			return errors.New(outcome(failed))
		case now.LastUpdateStatus == types.LastUpdateStatusInProgress:
			fmt.Println("publish", now.LastUpdateStatus, outcome(err))
			fmt.Println("stale", now.LastUpdateStatus, stale)
			return nil
		case attempt == most:
			fmt.Println("publish over\nstale over")
			return nil
		}
	}
}

// update changes the description to another one.
func (f function) update(ctx context.Context, revision *string) string {
	_, err := f.client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &f.name, RevisionId: revision, Description: aws.String(time.Now().String())})
	return outcome(err)
}

// ready waits until nothing is under way.
func (f function) ready(ctx context.Context) error {
	for {
		now, err := f.client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &f.name})
		if err != nil {
			return errors.New(outcome(err))
		}
		if now.State == types.StateActive && now.LastUpdateStatus == types.LastUpdateStatusSuccessful {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("the function does not become active")
		case <-time.After(time.Second / 5):
		}
	}
}

// outcome is "ok", or a refusal's code and message, in one line.
func outcome(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return "ok"
	case !errors.As(err, &api):
		return "no answer"
	}
	return strings.Join(strings.Fields(api.ErrorCode()+" "+api.ErrorMessage()), " ")
}
