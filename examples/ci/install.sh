#!/bin/sh
# Installs a release of bundle into a folder of the job, under both of its names:
#
#	sh ci/install.sh v1.2.3 .tools
#	.tools/bundle-secrets version
#
# Copy this file into your repository, and put the release's checksums.txt beside it after you have verified it (docs/install.md).
# Then a job installs what you have verified, or nothing. Without that file, it uses the checksums.txt that it downloads, which finds
# a damaged file but not a replaced one, and says so.
#
# It needs curl, tar, and sha256sum, shasum or openssl, on Linux or macOS. BUNDLE_RELEASES can be the address of a mirror.
set -eu
umask 022

fail() {
  printf 'install.sh: %s\n' "$1" >&2
  exit 1
}

[ $# = 2 ] || fail 'usage: sh install.sh VERSION FOLDER'
version=v${1#v} folder=$2 releases=${BUNDLE_RELEASES:-https://github.com/whispering/bundle/releases/download}
case $version in
*[!0-9A-Za-z.-]* | v | v[!0-9]* | *..*) fail "the version is not valid. Write a release, such as v1.2.3." ;;
v*.*.*) ;;
*) fail "the version is not valid. Write a release, such as v1.2.3." ;;
esac
case $folder in
'') fail 'the folder has no name. Is a variable unset?' ;;
/*) ;;
*) folder=./$folder ;;
esac
case $releases in
https://*) protocol='=https' ;;
http://127.0.0.1:*) protocol='=http' ;; # for tests
*) fail 'BUNDLE_RELEASES must begin with https://.' ;;
esac
case $(uname -s) in
Linux) system=linux ;;
Darwin) system=darwin ;;
*) fail "there is no archive for $(uname -s) that this script can install. docs/install.md has other ways." ;;
esac
case $(uname -m) in
x86_64 | amd64) machine=amd64 ;;
aarch64 | arm64) machine=arm64 ;;
*) fail "there is no release for $(uname -m)." ;;
esac
archive=bundle_${version#v}_${system}_$machine.tar.gz

command -v curl >/dev/null || fail 'curl is not installed.'
if command -v sha256sum >/dev/null; then
  sum() { sha256sum; }
elif command -v shasum >/dev/null; then
  sum() { shasum -a 256; }
elif command -v openssl >/dev/null; then
  sum() { openssl dgst -sha256 -r; }
else
  fail 'sha256sum, shasum or openssl must be installed, to compare checksums.'
fi

mkdir -p "$folder" || fail 'the folder cannot be created.'
if [ -d "$folder/bundle" ] || [ -d "$folder/bundle-secrets" ]; then fail "$folder contains a folder where the program goes. Name another folder."; fi
scratch=$(mktemp -d "$folder/.install-XXXXXXXX") || fail 'the folder cannot be written to.'
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

download() { # FILE
  # -q must come first: it ignores a .curlrc.
  curl -q --fail --silent --show-error --location --proto "$protocol" --proto-redir "$protocol" --retry 3 --connect-timeout 20 --max-time 300 \
    --output "$scratch/$1" "$releases/$version/$1" || fail "$releases/$version/$1 cannot be downloaded. Is $version a release?"
}

checksums=$(dirname "$0")/checksums.txt
if [ -e "$checksums" ] || [ -L "$checksums" ]; then
  from=$checksums
else
  printf 'install.sh: %s does not exist, so a replaced release would not be noticed. docs/install.md says how to pin it.\n' "$checksums" >&2
  download checksums.txt
  checksums=$scratch/checksums.txt from="checksums.txt of $version"
fi
[ -f "$checksums" ] || fail "$from is not a file."
wanted=$(awk -v name="$archive" '{ sub(/\r$/, "") } $2 == name || $2 == "*" name { print $1 }' <"$checksums") # awk would set a variable for x=y/FILE
case $wanted in
*[!0-9a-f]* | '') fail "$from does not have exactly one checksum for $archive. Is it the file of another release?" ;;
esac
[ ${#wanted} = 64 ] || fail "$from has a checksum for $archive that is not a SHA-256."
download "$archive"
got=$(sum <"$scratch/$archive")
got=${got%% *}
[ "$got" = "$wanted" ] || fail "$archive is not the file of the release, or is damaged: its SHA-256 is $got, but $from has $wanted."

tar -xzf "$scratch/$archive" -C "$scratch" bundle || fail "$archive cannot be unpacked."
if [ ! -f "$scratch/bundle" ] || [ -L "$scratch/bundle" ]; then fail "$archive does not contain the program."; fi
chmod 755 "$scratch/bundle"
ln -s bundle "$scratch/bundle-secrets"
mv -f "$scratch/bundle" "$scratch/bundle-secrets" "$folder/" || fail 'the folder cannot be written to.'
