package lambda

import "slices"

// runtimes are the identifiers that a layer can name: those of a message that AWS sent on 2026-01-12, in its order, and
// then those that the service model of botocore 1.44.8 has in addition. Some are of no use to anybody but AWS.
func runtimes() []string { return append(enumerated(), newer()...) }

// enumerated is the order in which AWS names runtimes in the message of ListLayers.
func enumerated() []string {
	return []string{
		"ruby3.5", "ruby2.6", "dotnetcore1.0", "python3.7", "nodejs8.10", "nasa", "ruby2.7", "python2.7-greengrass", "dotnetcore2.0", "python3.8",
		"java21", "dotnet6", "dotnetcore2.1", "python3.9", "java11", "nodejs6.10", "provided", "dotnetcore3.1", "dotnet8", "java25", "java17",
		"nodejs", "nodejs4.3", "java8.al2", "go1.x", "dotnet10", "nodejs20.x", "go1.9", "byol", "nodejs10.x", "provided.al2023", "nodejs22.x",
		"python3.10", "java8", "nodejs12.x", "python3.11", "nodejs24.x", "nodejs8.x", "python3.12", "nodejs14.x", "nodejs8.9", "nodejs26.x",
		"python3.13", "python3.14", "nodejs16.x", "python3.15", "provided.al2", "nodejs4.3-edge", "nodejs18.x", "ruby3.2", "python3.4", "ruby3.3",
		"ruby3.4", "ruby2.5", "python3.6", "python2.7",
	}
}

// newer are the identifiers that came after that message.
func newer() []string {
	return []string{"ruby4.0", "java8.al2023", "java11.al2023", "java17.al2023", "custom"}
}

// advertised are the identifiers that the message of PublishLayerVersion names. AWS accepts more: nodejs12.x, for one.
func advertised() []string {
	return []string{
		"nodejs20.x", "python3.14", "provided.al2023", "python3.12", "python3.13", "nodejs24.x", "nodejs22.x", "java25", "python3.10", "python3.11",
		"java21", "ruby3.3", "ruby3.4", "ruby3.2", "python3.8", "python3.9", "java17", "nodejs16.x", "dotnet10", "dotnet8", "java11", "dotnet6",
		"nodejs18.x", "provided.al2", "java8.al2",
	}
}

func knownRuntime(name string) bool { return slices.Contains(runtimes(), name) }

func architectures() []string { return []string{"x86_64", "arm64"} }

func knownArchitecture(name string) bool { return slices.Contains(architectures(), name) }
