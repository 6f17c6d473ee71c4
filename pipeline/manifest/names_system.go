package manifest

// systemNames are read by dynamic loaders, the C library, shells, Windows, and libraries for TLS and Kerberos.
func systemNames() []family {
	const (
		glibc = "https://sourceware.org/git/?p=glibc.git;a=blob;f=sysdeps/generic/unsecvars.h"
		sudo  = "https://github.com/sudo-project/sudo/blob/main/plugins/sudoers/env.c"
		bash  = "https://www.gnu.org/software/bash/manual/bash.html#Bash-Variables"
		curl  = "https://curl.se/docs/manpage.html#ENVIRONMENT"
	)
	return []family{
		{ReadByLoaders, RefusedByAll, "https://man7.org/linux/man-pages/man8/ld.so.8.html", []entry{
			{"DYLD_*", "the macOS dynamic loader loads the libraries that DYLD_* variables name"},
			{"GCONV_PATH", "the C library loads the libraries that it names"},
			{"GLIBC_TUNABLES", "the C library reads settings from it"},
			{"LD_*", "the dynamic loader loads the libraries that LD_* variables name"},
		}},
		{ReadByLoaders, RefusedByNone, glibc, []entry{
			{"GETCONF_DIR", "getconf runs programs in the folder that it names"},
			{"HOSTALIASES", "the C library reads host names from the file that it names"},
			{"LOCALDOMAIN", "it changes how the C library resolves host names"},
			{"LOCPATH", "the C library loads locales from the folder that it names"},
			{"MALLOC_*", "it changes how the C library handles memory, and where it writes a trace"},
			{"NIS_PATH", "it changes how the C library resolves names"},
			{"NLSPATH", "the C library reads messages, which hold formats, from the location that it names"},
			{"RESOLV_*", "the C library reads host names from the file that it names"},
			{"RES_OPTIONS", "it changes how the C library resolves host names"},
			{"TMPDIR", "programs put their files into the folder that it names"},
			{"TZDIR", "the C library reads time zones from the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, sudo, []entry{
			{"LDR_*", "the AIX dynamic loader reads settings from LDR_* variables"},
			{"LIBPATH", "the AIX dynamic loader loads libraries from the location that it names"},
			{"PATH_LOCALE", "the BSD C library loads locales from the location that it names"},
			{"SHLIB_PATH", "the HP-UX dynamic loader loads libraries from the location that it names"},
			{"TERMCAP", "programs read the file that it names as a terminal's description"},
			{"TERMINFO*", "programs read terminals' descriptions from the folder that it names"},
			{"TERMPATH", "programs read terminals' descriptions from the location that it names"},
			{"TZ", "the C library reads the file that it names as a time zone"},
			{"_RLD*", "the IRIX dynamic loader reads libraries from _RLD* variables"},
		}},
		{ReadByLoaders, RefusedByAll, bash, []entry{
			{"BASH_ENV", "bash runs the file that it names"},
			{"ENV", "shells run the file that it names"},
			{"HOME", "programs read their configuration below the folder that it names"},
			{"IFS", "it sets the characters at which shells split commands"},
			{"PATH", "programs are searched for in the folders that it names"},
			{"SHELLOPTS", "bash reads options from it"},
		}},
		{ReadByLoaders, RefusedByNone, bash, []entry{
			{"BASHOPTS", "bash reads options from it"},
			{"BASH_FUNC_*", "bash reads functions from BASH_FUNC_* variables"},
			{"BASH_LOADABLES_PATH", "bash loads libraries from the location that it names"},
			{"BASH_XTRACEFD", "bash writes its commands, with values, to the file that it chooses"},
			{"CDPATH", "it changes where cd goes in a script"},
			{"FCEDIT", "shells run the program that it names"},
			{"GLOBIGNORE", "it changes which files a script of bash finds"},
			{"INPUTRC", "it names the configuration file of Readline"},
			{"PROMPT_COMMAND", "bash runs the code in it"},
			{"PS0", "shells run the code in it"},
			{"PS1", "shells run the code in it"},
			{"PS2", "shells run the code in it"},
			{"PS3", "shells run the code in it"},
			{"PS4", "shells run the code in it"},
			{"SHELL", "programs run the shell that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://zsh.sourceforge.io/Doc/Release/Parameters.html", []entry{
			{"FPATH", "shells load functions from the location that it names"},
			{"MODULE_PATH", "zsh loads modules from the location that it names"},
			{"NULLCMD", "zsh runs the program that it names"},
			{"READNULLCMD", "zsh runs the program that it names"},
			{"TMPPREFIX", "zsh puts its files in the location that it names"},
			{"ZDOTDIR", "zsh runs the startup files in the folder that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_environment_variables", []entry{
			{"PSMODULEPATH", "PowerShell loads modules from the location that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://specifications.freedesktop.org/basedir-spec/latest/", []entry{
			{"XDG_CONFIG_*", "programs read their configuration from the folders that it names"},
			{"XDG_DATA_*", "programs read their files from the folders that it names"},
			{"XDG_RUNTIME_DIR", "programs connect to the sockets in the folder that it names"},
		}},
		{ReadByLoaders, RefusedByAll, "https://docs.openssl.org/3.0/man7/openssl-env/", []entry{
			{"OPENSSL_*", "OpenSSL loads configurations, engines and modules from the locations that OPENSSL_* variables name"},
			{"SSL_CERT_DIR", "it names the certificates that OpenSSL, Go and others trust"},
			{"SSL_CERT_FILE", "it names the certificates that OpenSSL, Go and others trust"},
		}},
		{ReadByLoaders, RefusedByNone, "https://docs.openssl.org/3.0/man7/openssl-env/", []entry{
			{"CTLOG_FILE", "it names the certificate logs that OpenSSL trusts"},
			{"QLOGDIR", "OpenSSL and curl write a log of connections to the folder that it names"},
			{"RANDFILE", "OpenSSL reads and writes the file that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.gnutls.org/manual/gnutls.html#Debugging-and-auditing", []entry{
			{"GNUTLS_*", "GnuTLS reads settings and files from GNUTLS_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://nixos.org/manual/nixpkgs/stable/#sec-cacert", []entry{
			{"NIX_LD*", "programs on NixOS load the libraries that it names"},
			{"NIX_SSL_CERT_FILE", "it names the certificates that programs of Nix trust"},
		}},
		{ReadByLoaders, RefusedByAll, curl, []entry{
			{"*_PROXY", "HTTP clients send requests through the proxy that it names, or past it"},
		}},
		{ReadByLoaders, RefusedByNone, curl, []entry{
			{"CURL_CA_BUNDLE", "it names the certificates that curl and Requests trust"},
			{"CURL_HOME", "curl reads its configuration from the folder that it names"},
			{"CURL_SSL_BACKEND", "it chooses the TLS library of curl"},
		}},
		{ReadByLoaders, RefusedByNone, "https://requests.readthedocs.io/en/latest/user/advanced/#ssl-cert-verification", []entry{
			{"REQUESTS_CA_BUNDLE", "it names the certificates that Requests trusts"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/grpc/grpc/blob/master/doc/environment_variables.md", []entry{
			{"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "it names the certificates that gRPC trusts"},
			{"GRPC_DNS_RESOLVER", "it changes how gRPC resolves host names"},
			{"GRPC_SSL_CIPHER_SUITES", "it chooses the ciphers of gRPC"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.gnu.org/software/wget/manual/wget.html#Wgetrc-Location", []entry{
			{"SYSTEM_WGETRC", "it names the configuration file of wget"},
			{"WGETRC", "it names the configuration file of wget"},
		}},
		{ReadByLoaders, RefusedByNone, "https://web.mit.edu/kerberos/krb5-latest/doc/user/user_config/kerberos.html", []entry{
			{"GSS_MECH_CONFIG", "the GSS library loads the mechanisms in the file that it names"},
			{"KRB5*", "Kerberos reads configuration, tickets and keys from the locations that KRB5* variables name"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.openldap.org/software/man.cgi?query=ldap.conf", []entry{
			{"LDAPCONF", "it names the configuration file of OpenLDAP"},
			{"LDAPRC", "it names the configuration file of OpenLDAP"},
			{"LDAPTLS_*", "OpenLDAP reads certificates, and whether to check them, from LDAPTLS_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/google/sanitizers/wiki/SanitizerCommonFlags", []entry{
			{"*SAN_OPTIONS", "programs built with a sanitizer read options from it"},
		}},
		{ReadByLoaders, RefusedByNone, "https://hackage.haskell.org/package/crypton-x509-system", []entry{
			{"SYSTEM_CERTIFICATE_PATH", "it names the certificates that Haskell programs trust"},
		}},
		{ReadByLoaders, RefusedByNone, "https://httplib2.readthedocs.io/en/latest/libhttplib2.html", []entry{
			{"HTTPLIB2_CA_CERTS", "it names the certificates that httplib2 trusts"},
		}},
		{ReadByLoaders, RefusedByNone, "https://websocket-client.readthedocs.io/en/latest/faq.html", []entry{
			{"WEBSOCKET_CLIENT_CA_BUNDLE", "it names the certificates that websocket-client trusts"},
		}},
		{ReadByLoaders, RefusedByNone, "https://github.com/rofl0r/proxychains-ng", []entry{
			{"PROXYCHAINS_*", "proxychains reads its proxies from PROXYCHAINS_* variables"},
		}},
		{ReadByLoaders, RefusedByNone, "https://jemalloc.net/jemalloc.3.html", []entry{
			{"_RJEM_MALLOC_CONF", "jemalloc reads options from it"},
		}},
		{ReadByLoaders, RefusedByNone, "https://clang.llvm.org/docs/SourceBasedCodeCoverage.html", []entry{
			{"LLVM_PROFILE_FILE", "programs built for coverage write to the file that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://gcc.gnu.org/onlinedocs/gcc/Cross-profiling.html", []entry{
			{"GCOV_PREFIX*", "programs built for coverage write to the location that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://www.cyrusimap.org/sasl/", []entry{
			{"SASL_*PATH", "the SASL library loads plugins and configuration from the location that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://dbus.freedesktop.org/doc/dbus-specification.html#addresses", []entry{
			{"DBUS_*", "programs connect to the bus that it names, and the bus can run a program"},
		}},
		{ReadByLoaders, RefusedByNone, "https://datatracker.ietf.org/doc/rfc9850/", []entry{
			{"SSLKEYLOGFILE", "TLS libraries write the keys of connections to the file that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://everything.curl.dev/usingcurl/netrc.html", []entry{
			{"NETRC", "HTTP clients read logins from the file that it names"},
		}},
		{ReadByLoaders, RefusedByNone, "https://metacpan.org/pod/Crypt::SSLeay", []entry{
			{"HTTPS_CA_DIR", "it names the certificates that Perl's HTTP clients trust"},
			{"HTTPS_CA_FILE", "it names the certificates that Perl's HTTP clients trust"},
		}},
		{ReadByLoaders, RefusedByNone, "https://firefox-source-docs.mozilla.org/security/nss/legacy/reference/nss_environment_variables/index.html", []entry{
			{"NSS_ALLOW_*", "it weakens the checks in NSS"},
			{"NSS_HASH_ALG_SUPPORT", "it weakens the checks in NSS"},
			{"NSS_SSL_*", "it weakens the checks in NSS"},
		}},
		{ReadByLoaders, RefusedByNone, "https://learn.microsoft.com/windows/deployment/usmt/usmt-recognized-environment-variables", []entry{
			{"APPDATA", "programs on Windows read their configuration below the folder that it names"},
			{"COMSPEC", "programs on Windows run the shell that it names"},
			{"LOCALAPPDATA", "programs on Windows read their configuration below the folder that it names"},
			{"PATHEXT", "it changes which programs Windows finds"},
			{"SYSTEMROOT", "programs on Windows load libraries below the folder that it names"},
			{"TEMP", "programs put their files into the folder that it names"},
			{"TMP", "programs put their files into the folder that it names"},
			{"USERPROFILE", "programs on Windows read their configuration below the folder that it names"},
			{"WINDIR", "programs on Windows load libraries below the folder that it names"},
		}},
	}
}
