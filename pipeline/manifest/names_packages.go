package manifest

// packageNames are read by other implementations of the languages, by frameworks, and by package managers.
func packageNames() []family {
	return []family{
		{ReadByLoaders, RefusedByNone, "https://www.electronjs.org/docs/latest/api/environment-variables", []entry{
			{"ELECTRON_RUN_AS_NODE", "it makes Electron run what its arguments name"},
		}},
		{ReadByLoaders, RefusedByNone, "https://typestrong.org/ts-node/docs/options", []entry{
			{"TS_NODE_*", "ts-node reads options and modules from TS_NODE_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/nodejs/corepack#environment-variables", []entry{
			{"COREPACK_*", "Corepack downloads package managers from the address that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://coverage.readthedocs.io/en/latest/subprocess.html", []entry{
			{"COVERAGE_PROCESS_START", "coverage.py starts with the file that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.djangoproject.com/en/stable/topics/settings/", []entry{
			{"DJANGO_SETTINGS_MODULE", "Django loads the module that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://flask.palletsprojects.com/en/stable/cli/", []entry{
			{"FLASK_APP", "Flask loads the module that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.gunicorn.org/en/stable/settings.html", []entry{
			{"GUNICORN_CMD_ARGS", "Gunicorn reads options from it, including a configuration file that it runs"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/rails/bootsnap", []entry{
			{"BOOTSNAP_*", "Bootsnap loads compiled code from the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/jruby/jruby/wiki/JRubyCommandLineParameters", []entry{
			{"JRUBY_*", "JRuby reads options from JRUBY_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/oracle/truffleruby/blob/master/doc/user/options.md", []entry{
			{"TRUFFLERUBYOPT", "TruffleRuby reads options from it"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/ruby/rake/blob/master/lib/rake/application.rb", []entry{
			{"RAKEOPT", "rake reads options from it"},
		}},
		{ReadByLoaders, RefusedByNone, "https://bref.sh/docs/environment/variables", []entry{
			{"BREF_*", "Bref, which runs PHP on Lambda, reads files and settings from BREF_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/luarocks/luarocks/wiki/Config-file-format", []entry{
			{"LUAROCKS_*", "LuaRocks reads configuration files from LUAROCKS_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.mono-project.com/docs/advanced/", []entry{
			{"MONO_*", "Mono reads options and assemblies from MONO_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://learn.microsoft.com/nuget/reference/cli-reference/cli-ref-environment-variables", []entry{
			{"NUGET_*", "NuGet reads sources, plugins and folders from NUGET_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://learn.microsoft.com/visualstudio/msbuild/msbuild-reference", []entry{
			{"MSBUILD*", "MSBuild reads tasks and paths from MSBUILD* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://tomcat.apache.org/tomcat-11.0-doc/RUNNING.txt", []entry{
			{"CATALINA_OPTS", "Tomcat passes it to Java"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.scala-sbt.org/1.x/docs/Command-Line-Reference.html", []entry{
			{"SBT_OPTS", "sbt passes it to Java"},
		}},
		{ReadByLoaders, RefusedByNone, "https://downloads.haskell.org/ghc/latest/docs/users_guide/runtime_control.html", []entry{
			{"GHCRTS", "Haskell programs read runtime options from it"},
		}},
		{ReadByLoaders, RefusedByNone, "https://downloads.haskell.org/ghc/latest/docs/users_guide/packages.html", []entry{
			{"GHC_PACKAGE_PATH", "Haskell loads packages from the location that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.gnu.org/software/guile/manual/html_node/Environment-Variables.html", []entry{
			{"GUILE_*", "Guile loads code from the locations that GUILE_* variables name"},
		}},
		{ReadByLoaders, RefusedByNone, "https://yarnpkg.com/configuration/yarnrc", []entry{
			{"YARN_IGNORE_PATH", "it decides which copy of Yarn runs"},
			{"YARN_NPM_REGISTRY_SERVER", "Yarn downloads packages from the address that it names"},
			{"YARN_PLUGINS", "Yarn loads the plugins that it names"},
			{"YARN_RC_FILENAME", "it names the configuration file of Yarn"},
			{"YARN_YARN_PATH", "Yarn runs the script that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.pytest.org/en/stable/reference/reference.html#environment-variables", []entry{
			{"PYTEST_ADDOPTS", "pytest reads command-line options from it"},
			{"PYTEST_PLUGINS", "pytest loads the modules that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.astral.sh/uv/reference/environment/", []entry{
			{"UV_CONFIG_FILE", "it names the configuration file of uv"},
			{"UV_DEFAULT_INDEX", "uv downloads packages from the address that it names"},
			{"UV_EXTRA_INDEX_URL", "uv downloads packages from the address that it names"},
			{"UV_FIND_LINKS", "uv downloads packages from the address that it names"},
			{"UV_INDEX", "uv downloads packages from the address that it names"},
			{"UV_INDEX_URL", "uv downloads packages from the address that it names"},
			{"UV_INSECURE_HOST", "uv accepts any certificate of the hosts that it names"},
			{"UV_PYTHON*", "it chooses the Python that uv runs"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.gradle.org/current/userguide/build_environment.html", []entry{
			{"GRADLE_OPTS", "Gradle passes it to Java"},
			{"GRADLE_USER_HOME", "Gradle runs the init scripts in the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://eclipse.dev/openj9/docs/cmdline_specifying/", []entry{
			{"IBM_JAVA_OPTIONS", "OpenJ9 reads options from it"},
			{"OPENJ9_JAVA_OPTIONS", "OpenJ9 reads options from it"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.micronaut.io/latest/guide/#config", []entry{
			{"MICRONAUT_CONFIG_FILES", "it names the configuration files of Micronaut"},
			{"MICRONAUT_ENVIRONMENTS", "it chooses the configuration files of Micronaut"},
		}},
		{ReadByLoaders, RefusedByNone, "https://getcomposer.org/doc/03-cli.md#environment-variables", []entry{
			{"COMPOSER", "it names the file that Composer works with"},
			{"COMPOSER_CAFILE", "it names the certificates that Composer trusts"},
			{"COMPOSER_HOME", "Composer loads plugins and settings from the folder that it names"},
			{"COMPOSER_VENDOR_DIR", "it names the folder that code is loaded from"},
		}},
		{ReadByLoaders, RefusedByNone, "https://bundler.io/man/bundle-config.1.html", []entry{
			{"BUNDLER_*", "Ruby's Bundler reads gems and paths from BUNDLER_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://hexdocs.pm/hex/Mix.Tasks.Hex.Config.html", []entry{
			{"HEX_CACERTS_PATH", "it names the certificates that Hex trusts"},
			{"HEX_HOME", "Hex reads its configuration from the folder that it names"},
			{"HEX_MIRROR*", "Hex downloads packages from the address that it names"},
			{"HEX_UNSAFE_*", "it turns off checks in Hex"},
		}},
		{ReadByLoaders, RefusedByNone, "https://hexdocs.pm/mix/Mix.html#module-environment-variables", []entry{
			{"ELIXIR_CLI_*", "Elixir's start script reads options from ELIXIR_CLI_* variables"},
			{"ELIXIR_ERL_OPTIONS", "Elixir passes it to Erlang"},
			{"MIX_ARCHIVES", "Mix loads code from the folder that it names"},
			{"MIX_BUILD_PATH", "Mix loads code from the folder that it names"},
			{"MIX_DEPS_PATH", "Mix loads code from the folder that it names"},
			{"MIX_EXS", "Mix runs the file that it names"},
			{"MIX_HOME", "Mix loads code from the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://hexdocs.pm/mix/Mix.Tasks.Release.html#module-environment-variables", []entry{
			{"RELEASE_BOOT_SCRIPT*", "a release starts with the script that it names"},
			{"RELEASE_REMOTE_VM_ARGS", "a release reads Erlang options from the file that it names"},
			{"RELEASE_SYS_CONFIG", "a release reads its configuration from the file that it names"},
			{"RELEASE_VM_ARGS", "a release reads Erlang options from the file that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://rebar3.org/docs/deployment/releases/", []entry{
			{"RELX_*", "a release reads its files from the locations that RELX_* variables name"},
			{"VMARGS_PATH", "a release reads Erlang options from the file that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.tcl-lang.org/man/tcl8.6/TclCmd/tclvars.htm", []entry{
			{"TCLLIBPATH", "Tcl loads packages from the location that it names"},
			{"TCL_*", "Tcl loads its libraries from the locations that TCL_* variables name"},
		}},
		{ReadByLoaders, RefusedByNone, "https://xdebug.org/docs/all_settings", []entry{
			{"XDEBUG_*", "Xdebug connects to a debugger at the address that it names, and the debugger can run code"},
		}},
		{ReadByLoaders, RefusedByNone, "https://metacpan.org/pod/TAP::Harness", []entry{
			{"HARNESS_*", "Perl's test harness reads options and classes from HARNESS_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://rust-lang.github.io/rustup/environment-variables.html", []entry{
			{"RUSTUP_*", "rustup chooses and downloads toolchains based on RUSTUP_* variables"},
		}},
	}
}
