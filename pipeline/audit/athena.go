package audit

import (
	"fmt"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// tableForm is that of the name of a table, perhaps with its database.
var tableForm = lazyregexp.New(`^[A-Za-z0-9_]{1,128}(\.[A-Za-z0-9_]{1,128})?$`)

// IsTable reports whether a string can be the name of a table in a query.
func IsTable(name string) bool { return tableForm.MatchString(name) }

// A Query is a query for Athena that has what a Collector counts.
type Query struct {
	Table        string // of the form of IsTable
	Bundle       string
	Environment  string
	Functions    []string // names in the manifest
	Account      string
	Region       string
	Since, Until time.Time
}

// SQL returns the query. The table is one of
// https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html, whose partitions are days in the column
// timestamp. The names in an encryption context have a colon, so their JSON path needs brackets and double quotes.
func (q Query) SQL() string {
	var functions []string
	for _, name := range q.Functions {
		functions = append(functions, literal(q.Bundle+"/"+name))
	}
	const day = "2006/01/02"
	return fmt.Sprintf(`SELECT %s AS function,
       %s AS document,
       coalesce(useridentity.sessioncontext.sessionissuer.arn, useridentity.arn) AS principal,
       CASE WHEN useridentity.arn LIKE '%%:assumed-role/%%' THEN split_part(useridentity.arn, '/', 3) END AS session,
       count_if(coalesce(errorcode, '') = '') AS opened,
       count_if(errorcode LIKE 'AccessDenied%%') AS denied,
       min(eventtime) AS first,
       max(eventtime) AS last
FROM %s
WHERE "timestamp" BETWEEN %s AND %s
  AND eventtime BETWEEN %s AND %s
  AND eventsource = 'kms.amazonaws.com'
  AND eventname IN ('Decrypt', 'ReEncrypt')
  AND awsregion = %s
  AND recipientaccountid = %s
  AND coalesce(errorcode, '') <> 'DryRunOperationException'
  AND %s = %s
  AND %s IN (%s)
GROUP BY 1, 2, 3, 4
ORDER BY last DESC
`, path("bundle:function"), path("bundle:document"), q.Table, literal(q.Since.UTC().Format(day)), literal(q.Until.UTC().Format(day)),
		literal(q.Since.UTC().Format(time.RFC3339)), literal(q.Until.UTC().Format(time.RFC3339)), literal(q.Region), literal(q.Account),
		path("bundle:environment"), literal(q.Environment), path("bundle:function"), strings.Join(functions, ", "))
}

// path is an expression for a value of the encryption context that a document was opened with.
func path(name string) string {
	in := func(context string) string {
		return fmt.Sprintf(`json_extract_scalar(requestparameters, '$.%s["%s"]')`, context, name)
	}
	return "coalesce(" + in("encryptionContext") + ", " + in("sourceEncryptionContext") + ")"
}

// literal quotes a string for SQL.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
