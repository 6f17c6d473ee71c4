package awslocal

// EditJSON and EditXML are what faults of kind Edit do to answers.
var (
	EditJSON = editJSON
	EditXML  = editXML
)
