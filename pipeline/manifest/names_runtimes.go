package manifest

// runtimeNames are read by language runtimes and the tools that come with them.
func runtimeNames() []family {
	const (
		node   = "https://nodejs.org/api/cli.html#environment-variables_1"
		python = "https://docs.python.org/3/using/cmdline.html#environment-variables"
		java   = "https://docs.oracle.com/en/java/javase/21/troubleshoot/environment-variables-and-system-properties.html"
		dotnet = "https://learn.microsoft.com/dotnet/core/tools/dotnet-environment-variables"
		ruby   = "https://github.com/ruby/ruby/blob/master/man/ruby.1"
		perl   = "https://perldoc.perl.org/perlrun#ENVIRONMENT"
	)
	return []family{
		{ReadByLoaders, RefusedByAll, node, []entry{
			{"NODE_*", "Node.js reads options, modules and certificates from NODE_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.npmjs.com/cli/using-npm/config#environment-variables", []entry{
			{"NPM_CONFIG_*", "npm reads registries, scripts and certificates from NPM_CONFIG_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.deno.com/runtime/reference/env_variables/", []entry{
			{"DENO_CERT", "it names the certificates that Deno trusts"},
			{"DENO_CONDITIONS", "it chooses which modules Deno loads"},
			{"DENO_DIR", "Deno loads cached modules from the folder that it names"},
			{"DENO_TLS_CA_STORE", "it chooses the certificates that Deno trusts"},
			{"DENO_V8_FLAGS", "Deno reads V8 options from it"},
			{"JSR_URL", "Deno downloads modules from the address that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://bun.com/docs/runtime/environment-variables", []entry{
			{"BUN_CONFIG_*", "Bun reads registries and settings from BUN_CONFIG_* variables"},
			{"BUN_INSPECT*", "Bun connects to a debugger at the address that it names"},
			{"BUN_OPTIONS", "Bun reads command-line options from it"},
		}},
		{ReadByLoaders, RefusedByAll, python, []entry{
			{"PYTHON*", "Python reads options, modules and startup files from PYTHON* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://pip.pypa.io/en/stable/topics/configuration/#environment-variables", []entry{
			{"PIP_*", "pip reads indexes and certificates from PIP_* variables"},
		}},
		{ReadByLoaders, RefusedByAll, java, []entry{
			{"CLASSPATH", "Java loads classes from the location that it names"},
			{"JAVA_TOOL_OPTIONS", "Java reads options from it, including agents"},
			{"JDK_JAVA_OPTIONS", "Java reads options from it, including agents"},
			{"_JAVA_OPTIONS", "Java reads options from it, including agents"},
		}},
		{ReadByLoaders, RefusedByNone, java, []entry{
			{"JAVACMD", "start scripts run the program that it names"},
			{"JAVA_ARGS", "start scripts pass it to Java"},
			{"JAVA_HOME", "start scripts run the Java in the folder that it names"},
			{"JAVA_OPTIONS", "start scripts pass it to Java"},
			{"JAVA_OPTS*", "start scripts pass it to Java"},
			{"JDK_JAVAC_OPTIONS", "javac reads options from it"},
			{"JRE_HOME", "start scripts run the Java in the folder that it names"},
			{"JVM_OPTS", "start scripts pass it to Java"},
		}},
		{ReadByLoaders, RefusedByNone, "https://maven.apache.org/configure.html", []entry{
			{"MAVEN_ARGS", "Maven reads command-line options from it"},
			{"MAVEN_OPTS", "Maven passes it to Java"},
		}},
		{ReadByLoaders, RefusedByNone, "https://logging.apache.org/log4j/2.x/manual/systemproperties.html", []entry{
			{"LOG4J_*", "Log4j reads configuration files, classes and lookups from LOG4J_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.spring.io/spring-boot/reference/features/external-config.html", []entry{
			{"LOADER_CONFIG_*", "Spring Boot's launcher reads its configuration from the location that it names"},
			{"LOADER_HOME", "Spring Boot's launcher loads classes from the folder that it names"},
			{"LOADER_MAIN", "Spring Boot's launcher runs the class that it names"},
			{"LOADER_PATH", "Spring Boot's launcher loads classes from the location that it names"},
			{"LOGGING_CONFIG", "it names the logging configuration of Spring Boot, which loads classes"},
			{"SPRING_APPLICATION_JSON", "Spring Boot reads any of its settings from it"},
			{"SPRING_CLOUD_BOOTSTRAP_*", "it names the configuration files of Spring Cloud"},
			{"SPRING_CLOUD_CONFIG_URI", "Spring Cloud reads its configuration from the location that it names"},
			{"SPRING_CLOUD_FUNCTION_*", "Spring Cloud Function runs what it names, and evaluates routing expressions"},
			{"SPRING_CONFIG_*", "it names the configuration files of Spring Boot"},
			{"SPRING_MAIN_*", "it chooses the classes that Spring Boot starts with"},
			{"SPRING_PROFILES_*", "it chooses the configuration files of Spring Boot"},
		}},
		{ReadByLoaders, RefusedByNone, "https://quarkus.io/guides/config-reference", []entry{
			{"QUARKUS_CONFIG_LOCATIONS", "it names the configuration files of Quarkus"},
			{"QUARKUS_PROFILE", "it chooses the configuration of Quarkus"},
			{"SMALLRYE_CONFIG_*", "it names the configuration files of Quarkus and others"},
		}},
		{ReadByLoaders, RefusedByAll, dotnet, []entry{
			{"CORECLR_*", ".NET loads the profiler that CORECLR_* variables name"},
			{"DOTNET_STARTUP_HOOKS", ".NET runs the assemblies that it names"},
		}},
		{ReadByLoaders, RefusedByGo, "https://learn.microsoft.com/dotnet/framework/unmanaged-api/profiling/setting-up-a-profiling-environment", []entry{
			{"COR_*", "the .NET Framework on Windows loads the profiler that COR_* variables name"},
		}},
		{ReadByLoaders, RefusedByNone, dotnet, []entry{
			{"COMPLUS_*", ".NET reads settings from COMPLUS_* variables"},
			{"DOTNET_*", ".NET reads settings from DOTNET_* variables: DOTNET_ADDITIONAL_DEPS and DOTNET_SHARED_STORE name assemblies to load"},
		}},
		{ReadByLoaders, RefusedByNone, "https://learn.microsoft.com/aspnet/core/fundamentals/host/platform-specific-configuration", []entry{
			{"ASPNETCORE_APPLICATIONNAME", "ASP.NET Core loads the assembly that it names"},
			{"ASPNETCORE_CONTENTROOT", "ASP.NET Core reads its configuration files in the folder that it names"},
			{"ASPNETCORE_ENVIRONMENT", "it chooses the configuration files of ASP.NET Core"},
			{"ASPNETCORE_HOSTINGSTARTUP*", "ASP.NET Core loads the assemblies that ASPNETCORE_HOSTINGSTARTUPASSEMBLIES names"},
			{"ASPNETCORE_PREVENTHOSTINGSTARTUP", "it decides which assemblies ASP.NET Core loads"},
			{"ASPNETCORE_STARTUPASSEMBLY", "ASP.NET Core loads the assembly that it names"},
			{"ASPNETCORE_WEBROOT", "ASP.NET Core serves the folder that it names"},
		}},
		{ReadByLoaders, RefusedByAll, ruby, []entry{
			{"BUNDLE_*", "Ruby's Bundler reads gems, paths and mirrors from BUNDLE_* variables"},
			{"GEM_*", "Ruby loads gems from the locations that GEM_* variables name"},
			{"RUBY*", "Ruby reads options and libraries from RUBY* variables"},
		}},
		{ReadByLoaders, RefusedByNone, ruby, []entry{
			{"IRBRC", "irb runs the file that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.php.net/manual/en/configuration.file.php", []entry{
			{"PHPRC", "PHP reads its php.ini from the location that it names"},
			{"PHP_INI_SCAN_DIR", "PHP reads configuration files from the location that it names"},
		}},
		{ReadByLoaders, RefusedByAll, perl, []entry{
			{"PERL5*", "Perl reads options, modules and a debugger from PERL5* variables"},
		}},
		{ReadByLoaders, RefusedByNone, perl, []entry{
			{"PERLIO*", "it changes how Perl reads and writes files, and where it writes a trace"},
			{"PERLLIB", "Perl loads modules from the location that it names"},
			{"PERL_*", "Perl and its modules read settings from PERL_* variables: PERL_LWP_SSL_VERIFY_HOSTNAME turns off checks"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.lua.org/manual/5.4/manual.html#7", []entry{
			{"LUA_CPATH*", "Lua loads libraries from the location that it names"},
			{"LUA_INIT*", "Lua runs the code in it"},
			{"LUA_PATH*", "Lua loads modules from the location that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.erlang.org/doc/apps/erts/erl_cmd.html#environment-variables", []entry{
			{"ERLC_*", "Erlang's compiler reads options from ERLC_* variables"},
			{"ERL_*", "Erlang reads options, libraries and host files from ERL_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://stat.ethz.ch/R-manual/R-devel/library/base/html/Startup.html", []entry{
			{"R_DEFAULT_PACKAGES", "R loads the packages that it names"},
			{"R_ENVIRON*", "R reads variables from the file that it names"},
			{"R_HOME", "R loads its libraries from the folder that it names"},
			{"R_LIBS*", "R loads packages from the location that it names"},
			{"R_PROFILE*", "R runs the file that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.julialang.org/en/v1/manual/environment-variables/", []entry{
			{"JULIA_*", "Julia reads code, projects and settings from JULIA_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://pkg.go.dev/runtime#hdr-Environment_Variables", []entry{
			{"GODEBUG", "it changes how Go programs check certificates, among many other things"},
		}},
		{ReadByLoaders, RefusedByNone, "https://go.dev/ref/mod#environment-variables", []entry{
			{"GOENV", "it names the configuration file of the go command"},
			{"GOFLAGS", "the go command reads options from it, including programs to run"},
			{"GOINSECURE", "it turns off checks in the go command"},
			{"GONOSUMDB", "it turns off checks in the go command"},
			{"GOPATH", "the go command reads code from the folder that it names"},
			{"GOPROXY", "the go command downloads code from the address that it names"},
			{"GOROOT", "the go command reads the standard library from the folder that it names"},
			{"GOSUMDB", "it chooses who vouches for downloaded code"},
			{"GOTOOLCHAIN", "it chooses the toolchain that the go command runs"},
		}},
		{ReadByLoaders, RefusedByNone, "https://doc.rust-lang.org/cargo/reference/environment-variables.html", []entry{
			{"CARGO_BUILD_*", "Cargo reads programs and options from CARGO_BUILD_* variables"},
			{"CARGO_HOME", "Cargo reads its configuration from the folder that it names"},
			{"CARGO_HTTP_*", "Cargo reads certificates and proxies from CARGO_HTTP_* variables"},
			{"RUSTC", "Cargo runs the program that it names"},
			{"RUSTC_*WRAPPER", "Cargo runs the program that it names"},
			{"RUSTFLAGS", "Cargo passes it to the compiler"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/swiftlang/swift/blob/main/docs/Backtracing.rst", []entry{
			{"SWIFT_BACKTRACE", "the Swift runtime runs the program that it names"},
			{"SWIFT_DEBUG_*", "the Swift runtime reads settings and libraries from SWIFT_DEBUG_* variables"},
			{"SWIFT_ROOT", "the Swift runtime loads its parts from the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://ocaml.org/manual/runtime.html", []entry{
			{"CAML*", "OCaml reads options and libraries from CAML* variables"},
			{"OCAMLRUNPARAM", "OCaml reads options from it"},
		}},
	}
}
