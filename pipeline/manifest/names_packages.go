package manifest

// packageNames are read by other implementations of the languages, by frameworks, and by package managers.
func packageNames() []family {
	return []family{
		{ReadByLoaders, RefusedByNone, "https://www.electronjs.org/docs/latest/api/environment-variables", []entry{
			{"ELECTRON_RUN_AS_NODE", "it makes Electron run what its arguments name"},
		}},
		{ReadByLoaders, RefusedByNone, "https://typestrong.org/ts-node/docs/options", []entry{
			{"TS_NODE_*", "ts-node takes options and modules from such variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/nodejs/corepack#environment-variables", []entry{
			{"COREPACK_*", "Corepack downloads package managers from where it says"},
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
			{"GUNICORN_CMD_ARGS", "Gunicorn takes options from it, a configuration file that it runs among them"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/rails/bootsnap", []entry{
			{"BOOTSNAP_*", "Bootsnap loads compiled code from the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/jruby/jruby/wiki/JRubyCommandLineParameters", []entry{
			{"JRUBY_*", "JRuby takes options from such variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/oracle/truffleruby/blob/master/doc/user/options.md", []entry{
			{"TRUFFLERUBYOPT", "TruffleRuby takes options from it"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/ruby/rake/blob/master/lib/rake/application.rb", []entry{
			{"RAKEOPT", "rake takes options from it"},
		}},
		{ReadByLoaders, RefusedByNone, "https://bref.sh/docs/environment/variables", []entry{
			{"BREF_*", "Bref, which runs PHP on Lambda, takes files and settings from such variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/luarocks/luarocks/wiki/Config-file-format", []entry{
			{"LUAROCKS_*", "LuaRocks takes configuration files from such variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.mono-project.com/docs/advanced/", []entry{
			{"MONO_*", "Mono takes options and assemblies from such variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://learn.microsoft.com/nuget/reference/cli-reference/cli-ref-environment-variables", []entry{
			{"NUGET_*", "NuGet takes sources, plugins and folders from such variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://learn.microsoft.com/visualstudio/msbuild/msbuild-reference", []entry{
			{"MSBUILD*", "MSBuild takes tasks and paths from such variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://tomcat.apache.org/tomcat-11.0-doc/RUNNING.txt", []entry{
			{"CATALINA_OPTS", "Tomcat passes it to Java"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.scala-sbt.org/1.x/docs/Command-Line-Reference.html", []entry{
			{"SBT_OPTS", "sbt passes it to Java"},
		}},
		{ReadByLoaders, RefusedByNone, "https://downloads.haskell.org/ghc/latest/docs/users_guide/runtime_control.html", []entry{
			{"GHCRTS", "programs in Haskell take options of their runtime from it"},
		}},
		{ReadByLoaders, RefusedByNone, "https://downloads.haskell.org/ghc/latest/docs/users_guide/packages.html", []entry{
			{"GHC_PACKAGE_PATH", "Haskell loads packages from where it says"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.gnu.org/software/guile/manual/html_node/Environment-Variables.html", []entry{
			{"GUILE_*", "Guile loads code from where such variables say"},
		}},
		{ReadByLoaders, RefusedByNone, "https://yarnpkg.com/configuration/yarnrc", []entry{
			{"YARN_IGNORE_PATH", "it decides which copy of Yarn runs"},
			{"YARN_NPM_REGISTRY_SERVER", "Yarn downloads packages from where it says"},
			{"YARN_PLUGINS", "Yarn loads the plugins that it names"},
			{"YARN_RC_FILENAME", "it names the configuration file of Yarn"},
			{"YARN_YARN_PATH", "Yarn runs the script that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.pytest.org/en/stable/reference/reference.html#environment-variables", []entry{
			{"PYTEST_ADDOPTS", "pytest takes command-line options from it"},
			{"PYTEST_PLUGINS", "pytest loads the modules that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.astral.sh/uv/reference/environment/", []entry{
			{"UV_CONFIG_FILE", "it names the configuration file of uv"},
			{"UV_DEFAULT_INDEX", "uv downloads packages from where it says"},
			{"UV_EXTRA_INDEX_URL", "uv downloads packages from where it says"},
			{"UV_FIND_LINKS", "uv downloads packages from where it says"},
			{"UV_INDEX", "uv downloads packages from where it says"},
			{"UV_INDEX_URL", "uv downloads packages from where it says"},
			{"UV_INSECURE_HOST", "uv accepts any certificate of the hosts that it names"},
			{"UV_PYTHON*", "it chooses the Python that uv runs"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.gradle.org/current/userguide/build_environment.html", []entry{
			{"GRADLE_OPTS", "Gradle passes it to Java"},
			{"GRADLE_USER_HOME", "Gradle runs the init scripts in the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://eclipse.dev/openj9/docs/cmdline_specifying/", []entry{
			{"IBM_JAVA_OPTIONS", "OpenJ9 takes options from it"},
			{"OPENJ9_JAVA_OPTIONS", "OpenJ9 takes options from it"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.micronaut.io/latest/guide/#config", []entry{
			{"MICRONAUT_CONFIG_FILES", "it names the configuration files of Micronaut"},
			{"MICRONAUT_ENVIRONMENTS", "it chooses the configuration files of Micronaut"},
		}},
		{ReadByLoaders, RefusedByNone, "https://getcomposer.org/doc/03-cli.md#environment-variables", []entry{
			{"COMPOSER", "it names the file that Composer works by"},
			{"COMPOSER_CAFILE", "it names the certificates that Composer trusts"},
			{"COMPOSER_HOME", "Composer loads plugins and settings from the folder that it names"},
			{"COMPOSER_VENDOR_DIR", "it names the folder that code is loaded from"},
		}},
		{ReadByLoaders, RefusedByNone, "https://bundler.io/man/bundle-config.1.html", []entry{
			{"BUNDLER_*", "Ruby's Bundler takes gems and paths from such variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://hexdocs.pm/hex/Mix.Tasks.Hex.Config.html", []entry{
			{"HEX_CACERTS_PATH", "it names the certificates that Hex trusts"},
			{"HEX_HOME", "Hex takes its configuration from the folder that it names"},
			{"HEX_MIRROR*", "Hex downloads packages from where it says"},
			{"HEX_UNSAFE_*", "it switches off checks of Hex"},
		}},
		{ReadByLoaders, RefusedByNone, "https://hexdocs.pm/mix/Mix.html#module-environment-variables", []entry{
			{"ELIXIR_CLI_*", "Elixir's start script takes options from such variables"},
			{"ELIXIR_ERL_OPTIONS", "Elixir passes it to Erlang"},
			{"MIX_ARCHIVES", "Mix loads code from the folder that it names"},
			{"MIX_BUILD_PATH", "Mix loads code from the folder that it names"},
			{"MIX_DEPS_PATH", "Mix loads code from the folder that it names"},
			{"MIX_EXS", "Mix runs the file that it names"},
			{"MIX_HOME", "Mix loads code from the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://hexdocs.pm/mix/Mix.Tasks.Release.html#module-environment-variables", []entry{
			{"RELEASE_BOOT_SCRIPT*", "a release starts with the script that it names"},
			{"RELEASE_REMOTE_VM_ARGS", "a release takes options of Erlang from the file that it names"},
			{"RELEASE_SYS_CONFIG", "a release takes its configuration from the file that it names"},
			{"RELEASE_VM_ARGS", "a release takes options of Erlang from the file that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://rebar3.org/docs/deployment/releases/", []entry{
			{"RELX_*", "a release takes its files from where such variables say"},
			{"VMARGS_PATH", "a release takes options of Erlang from the file that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.tcl-lang.org/man/tcl8.6/TclCmd/tclvars.htm", []entry{
			{"TCLLIBPATH", "Tcl loads packages from where it says"},
			{"TCL_*", "Tcl loads its libraries from where such variables say"},
		}},
		{ReadByLoaders, RefusedByNone, "https://xdebug.org/docs/all_settings", []entry{
			{"XDEBUG_*", "Xdebug connects to a debugger where it says, which may run code"},
		}},
		{ReadByLoaders, RefusedByNone, "https://metacpan.org/pod/TAP::Harness", []entry{
			{"HARNESS_*", "Perl's test harness takes options and classes from such variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://rust-lang.github.io/rustup/environment-variables.html", []entry{
			{"RUSTUP_*", "rustup chooses and downloads toolchains by such variables"},
		}},
	}
}
