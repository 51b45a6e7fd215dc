# shellcheck shell=bash
# Functions that make a tree of Debian 13 and keep it in ~/.cache/thumbrun-steady. Sourced by scripts that set `program`
# to their name, for messages, and `work` to a folder that they remove.

missing() {
    echo "${program:?}: $1" >&2
    exit 2
}

# Install packages with apt-get, as root; quietly, but for the line that says so.
apt_install() {
    command -v apt-get >/dev/null || missing "$* must be installed, and there is no apt-get to install it"
    echo "Installing $* with apt-get, as root …" >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

need_mmdebstrap() {
    command -v mmdebstrap >/dev/null || apt_install mmdebstrap debian-archive-keyring
}

# Leave in $archive a tree with these packages: an earlier one of the same, or a new one, moved there once it is whole.
debian_archive() {
    local packages=$1 cache=${XDG_CACHE_HOME:-$HOME/.cache}/thumbrun-steady
    archive=$cache/trixie-$(printf %s "$packages" | cksum | cut -d ' ' -f 1).tar.gz
    if [ ! -e "$archive" ]; then
        echo "Making a tree of Debian 13, which takes one to three minutes …" >&2
        mkdir -p "$cache"
        mmdebstrap --quiet --variant=minbase --include="$packages" --dpkgopt=force-unsafe-io \
            trixie "${work:?}/trixie.tar.gz"
        mv "$work/trixie.tar.gz" "$archive.$$"
        mv "$archive.$$" "$archive"
    fi
}
