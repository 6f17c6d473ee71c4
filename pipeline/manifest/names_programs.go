package manifest

// programNames are read by programs and libraries that functions often run or include. Their values choose what is run
// or loaded, or where the function sends its traces.
func programNames() []family {
	return []family{
		{ReadByLoaders, RefusedByNone, "https://git-scm.com/docs/git#_environment_variables", []entry{
			{"GIT_ALLOW_PROTOCOL", "it chooses what git can run to fetch"},
			{"GIT_ALTERNATE_OBJECT_DIRECTORIES", "git reads objects from the folders that it names"},
			{"GIT_ASKPASS", "git runs the program that it names"},
			{"GIT_COMMON_DIR", "git reads its configuration, which can run programs, from the folder that it names"},
			{"GIT_CONFIG*", "git reads its configuration, which can run programs, from GIT_CONFIG* variables"},
			{"GIT_DIR", "git reads its configuration, which can run programs, from the folder that it names"},
			{"GIT_EDITOR", "git runs the program that it names"},
			{"GIT_EXEC_PATH", "git runs the programs in the folder that it names"},
			{"GIT_EXTERNAL_DIFF", "git runs the program that it names"},
			{"GIT_OBJECT_DIRECTORY", "git reads objects from the folder that it names"},
			{"GIT_PAGER", "git runs the program that it names"},
			{"GIT_PROXY_COMMAND", "git runs the program that it names"},
			{"GIT_SEQUENCE_EDITOR", "git runs the program that it names"},
			{"GIT_SSH", "git runs the program that it names"},
			{"GIT_SSH_COMMAND", "git runs the command in it"},
			{"GIT_SSL_*", "git reads certificates, and whether to check them, from GIT_SSL_* variables"},
			{"GIT_TEMPLATE_DIR", "git reads hooks from the folder that it names"},
			{"GIT_TRACE*", "git writes a trace to the file that it names"},
			{"GIT_WORK_TREE", "git works on the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://man.openbsd.org/ssh#ENVIRONMENT", []entry{
			{"SSH_ASKPASS", "ssh runs the program that it names"},
			{"SSH_AUTH_SOCK", "ssh reads keys from the socket that it names"},
			{"SSH_SK_PROVIDER", "ssh loads the library that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html", []entry{
			{"BROWSER", "programs run the browser that it names"},
			{"EDITOR", "programs run the editor that it names"},
			{"MANPAGER", "man runs the program that it names"},
			{"PAGER", "programs run the pager that it names"},
			{"VISUAL", "programs run the editor that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.gnu.org/software/make/manual/make.html#Variables-from-the-Environment", []entry{
			{"GNUMAKEFLAGS", "make reads options from it"},
			{"MAKEFILES", "make runs the files that it names"},
			{"MAKEFLAGS", "make reads options from it"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.postgresql.org/docs/current/libpq-envars.html", []entry{
			{"PGSERVICEFILE", "libpq reads connections from the file that it names"},
			{"PGSSLROOTCERT", "it names the certificates that libpq trusts"},
			{"PGSYSCONFDIR", "libpq reads connections from the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://dev.mysql.com/doc/refman/8.4/en/environment-variables.html", []entry{
			{"LIBMYSQL_*", "the MySQL client loads the plugins that it names"},
			{"MYSQL_HOME", "the MySQL client reads its configuration from the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.unixodbc.org/odbcinst.html", []entry{
			{"ODBCINI", "unixODBC reads drivers from the file that it names"},
			{"ODBCINSTINI", "unixODBC loads the drivers in the file that it names"},
			{"ODBCSYSINI", "unixODBC reads drivers from the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.prisma.io/docs/orm/reference/environment-variables-reference", []entry{
			{"PRISMA_*_BINARY", "Prisma runs the program that it names"},
			{"PRISMA_*_LIBRARY", "Prisma loads the library that it names"},
			{"PRISMA_ENGINES_MIRROR", "Prisma downloads its engines from the address that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://pptr.dev/guides/configuration", []entry{
			{"PUPPETEER_*", "Puppeteer runs and downloads the browser that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://imagemagick.org/script/resources.php", []entry{
			{"MAGICK_*", "ImageMagick loads modules, and reads commands to run, from the locations that MAGICK_* variables name"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.docker.com/reference/cli/docker/#environment-variables", []entry{
			{"DOCKER_CERT_PATH", "it names the certificates that Docker trusts"},
			{"DOCKER_CONFIG", "Docker runs the helpers in the configuration that it names"},
			{"DOCKER_HOST", "Docker's client connects to the address that it names"},
			{"DOCKER_TLS_VERIFY", "it decides whether Docker's client checks certificates"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/evanw/esbuild/blob/main/lib/npm/node-platform.ts", []entry{
			{"ESBUILD_BINARY_PATH", "esbuild runs the program that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://playwright.dev/docs/browsers", []entry{
			{"PLAYWRIGHT_*_EXECUTABLE_PATH", "Playwright runs the program that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://ffmpeg.org/ffmpeg-filters.html#frei0r-1", []entry{
			{"FREI0R_PATH", "FFmpeg loads filters from the location that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://ffmpeg.org/ffmpeg-filters.html#ladspa", []entry{
			{"LADSPA_PATH", "FFmpeg loads filters from the location that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.freedesktop.org/software/fontconfig/fontconfig-user.html", []entry{
			{"FONTCONFIG_*", "Fontconfig reads its configuration from the locations that FONTCONFIG_* variables name"},
		}},
		{ReadByLoaders, RefusedByNone, "https://gstreamer.freedesktop.org/documentation/gstreamer/running.html", []entry{
			{"GST_*", "GStreamer loads plugins from the locations that GST_* variables name"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.gtk.org/gtk3/running.html", []entry{
			{"GTK_*", "GTK loads the modules that GTK_* variables name"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/KhronosGroup/Vulkan-Loader/blob/main/docs/LoaderInterfaceArchitecture.md", []entry{
			{"VK_*", "Vulkan loads the drivers and layers that VK_* variables name"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/KhronosGroup/OpenCL-ICD-Loader", []entry{
			{"OCL_ICD_*", "OpenCL loads the drivers that OCL_ICD_* variables name"},
		}},
		{ReadByLoaders, RefusedByNone, "https://helm.sh/docs/helm/helm/", []entry{
			{"HELM_PLUGINS", "Helm runs the plugins in the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/", []entry{
			{"KUBECONFIG", "clients of Kubernetes run the programs in the file that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://developer.hashicorp.com/terraform/cli/config/environment-variables", []entry{
			{"TF_CLI_*", "Terraform reads options and its configuration from TF_CLI_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.gnupg.org/documentation/manuals/gnupg/GPG-Configuration-Options.html", []entry{
			{"GNUPGHOME", "GnuPG reads its configuration from the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.gnu.org/software/tar/manual/html_section/using-tar-options.html", []entry{
			{"TAR_OPTIONS", "tar reads options from it, including commands to run"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.oracle.com/en/database/oracle/oracle-database/23/netag/configuring-naming-methods.html", []entry{
			{"ORACLE_HOME", "the Oracle client loads libraries from the folder that it names"},
			{"TNS_ADMIN", "the Oracle client reads its configuration from the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://man7.org/linux/man-pages/man1/less.1.html", []entry{
			{"LESSCLOSE", "less runs the command in it"},
			{"LESSOPEN", "less runs the command in it"},
		}},
		{ReadByLoaders, RefusedByNone, "https://vimhelp.org/starting.txt.html", []entry{
			{"EXINIT", "ex and vi run the commands in it"},
			{"VIMINIT", "Vim runs the commands in it"},
		}},
		{ReadByLoaders, RefusedByNone, "https://download.samba.org/pub/rsync/rsync.1", []entry{
			{"RSYNC_CONNECT_PROG", "rsync runs the command in it"},
			{"RSYNC_RSH", "rsync runs the command in it"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.sudo.ws/docs/man/sudo.man/", []entry{
			{"SUDO_ASKPASS", "sudo runs the program that it names"},
			{"SUDO_EDITOR", "sudo runs the program that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://gdal.org/en/stable/user/configoptions.html", []entry{
			{"GDAL_DRIVER_PATH", "GDAL loads drivers from the folder that it names"},
			{"GDAL_PYTHON_DRIVER_PATH", "GDAL runs the drivers in the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://ghostscript.readthedocs.io/en/latest/Use.html#environment-variables", []entry{
			{"GS_LIB", "Ghostscript runs the files in the folder that it names"},
			{"GS_OPTIONS", "Ghostscript reads options from it"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.gtk.org/gio/overview.html", []entry{
			{"GIO_EXTRA_MODULES", "GLib loads the modules in the folder that it names"},
			{"GIO_MODULE_DIR", "GLib loads the modules in the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://doc.qt.io/qt-6/deployment-plugins.html", []entry{
			{"QT_PLUGIN_PATH", "Qt loads plugins from the location that it names"},
			{"QT_QPA_PLATFORM_PLUGIN_PATH", "Qt loads plugins from the location that it names"},
		}},
	}
}
