package manifest

// telemetryNames are read by agents and layers for traces, metrics and logs. They choose what is run in the function, and
// where it sends data. The keys for these services (DD_API_KEY, OTEL_EXPORTER_OTLP_HEADERS, SENTRY_DSN …) are ordinary
// secrets and not reserved.
func telemetryNames() []family {
	return []family{
		{ReadByLoaders, RefusedByNone, "https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/", []entry{
			{"OTEL_CONFIG_FILE", "it names the configuration file of OpenTelemetry"},
			{"OTEL_EXPERIMENTAL_CONFIG_FILE", "it names the configuration file of OpenTelemetry"},
			{"OTEL_EXPORTER_*CERTIFICATE", "it names the certificates that OpenTelemetry trusts"},
			{"OTEL_EXPORTER_*ENDPOINT", "OpenTelemetry sends traces, metrics and logs to the address that it names"},
			{"OTEL_EXPORTER_*INSECURE", "it turns off TLS for traces, metrics and logs"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.datadoghq.com/serverless/aws_lambda/configuration/", []entry{
			{"DD_AGENT_HOST", "Datadog's libraries send traces to the address that it names"},
			{"DD_DD_URL", "Datadog's extension sends data to the address that it names"},
			{"DD_DOGSTATSD_*", "Datadog's libraries send metrics to the address that it names"},
			{"DD_DOTNET_TRACER_*", "Datadog's library for .NET is loaded from the folder that it names"},
			{"DD_LAMBDA_HANDLER", "Datadog's layer runs the handler that it names"},
			{"DD_SITE", "Datadog's extension sends data to the address that it names"},
			{"DD_TRACE_AGENT_*", "Datadog's libraries send traces to the address that it names"},
			{"DD_URL", "Datadog's extension sends data to the address that it names"},
			{"DD_*_DD_URL", "Datadog's extension sends data to the address that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.newrelic.com/docs/serverless-function-monitoring/aws-lambda-monitoring/instrument-lambda-function/env-variables-lambda/", []entry{
			{"NEW_RELIC_CONFIG_FILE", "it names the configuration file of New Relic's agent"},
			{"NEW_RELIC_HOME", "New Relic's agent reads its configuration from the folder that it names"},
			{"NEW_RELIC_HOST", "New Relic's agent sends data to the address that it names"},
			{"NEW_RELIC_LAMBDA_HANDLER", "New Relic's layer runs the handler that it names"},
			{"NEW_RELIC_*_ENDPOINT", "New Relic's extension sends data to the address that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.dynatrace.com/docs/ingest-from/amazon-web-services/integrate-into-aws/aws-lambda-integration", []entry{
			{"DT_CONNECTION_BASE_URL", "Dynatrace's layer sends data to the address that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.lumigo.io/docs/manual-instrumentation", []entry{
			{"LUMIGO_ORIGINAL_HANDLER", "Lumigo's layer runs the handler that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.sentry.io/platforms/python/integrations/aws-lambda/", []entry{
			{"SENTRY_INITIAL_HANDLER", "Sentry's layer runs the handler that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/open-telemetry/opentelemetry-lambda/blob/main/collector/README.md", []entry{
			{"OPENTELEMETRY_COLLECTOR_CONFIG_*", "OpenTelemetry's layer runs the collector with the configuration that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/open-telemetry/opentelemetry-lambda/blob/main/python/README.md", []entry{
			{"ORIG_HANDLER", "OpenTelemetry's layer runs the handler that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://opentelemetry.io/docs/zero-code/dotnet/configuration/", []entry{
			{"OTEL_DOTNET_AUTO_*", "OpenTelemetry for .NET loads code from the locations that OTEL_DOTNET_AUTO_* variables name"},
		}},
		{ReadByLoaders, RefusedByNone, "https://opentelemetry.io/docs/zero-code/java/agent/configuration/", []entry{
			{"OTEL_JAVAAGENT_*", "OpenTelemetry's agent for Java reads configuration and extensions from OTEL_JAVAAGENT_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://opentelemetry.io/docs/zero-code/python/configuration/", []entry{
			{"OTEL_PYTHON_*", "OpenTelemetry for Python loads the code that OTEL_PYTHON_* variables name"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.elastic.co/docs/reference/apm/aws-lambda/", []entry{
			{"ELASTIC_APM_CONFIG_FILE", "it names the configuration file of Elastic's agent"},
			{"ELASTIC_APM_LAMBDA_APM_SERVER", "Elastic's layer sends data to the address that it names"},
			{"ELASTIC_APM_SERVER_*", "Elastic's agent reads the server and its certificate from ELASTIC_APM_SERVER_* variables"},
		}},
	}
}
