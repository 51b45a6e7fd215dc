#!/usr/bin/env bash
# Run the README's two commands on Python 3.13, in a fresh clone of HEAD.
#
#   python313.sh                on this machine's own Python 3.13; without one, in a tree of Debian 13
#   python313.sh --debian       in a tree of Debian 13 in any case: Python and C library as in the container
#   python313.sh --debian demo  only this target of the Makefile
#
# The tree needs root and Linux. It takes one to three minutes to make and is kept in ~/.cache/thumbrun-steady.
# Exits with what the first target that fails exits with, and with 2 where something is missing.
set -euo pipefail

packages=python3,python3-venv,make,git,procps,ca-certificates

program=python313.sh
# shellcheck source=tests/steady/debian.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

# pyenv puts a python3.13 on the path that only starts where that version is chosen, so each is tried.
own_python() {
    local python
    for python in \
        python3.13 \
        "$( (pyenv root) 2>/dev/null)"/versions/3.13.*/bin/python3.13 \
        "$( (uv python find 3.13) 2>/dev/null)"; do
        if "$python" -c 'import sys, venv; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
    return 1
}

need_debian_tools() {
    [ "$(id -u)" = 0 ] || missing "a tree of Debian 13 needs root; or install Python 3.13"
    command -v unshare >/dev/null || missing "a tree of Debian 13 needs Linux and unshare; or install Python 3.13"
    unshare --mount --pid --fork true 2>/dev/null || missing "unshare is not permitted here; install Python 3.13"
    need_mmdebstrap
}

# Processes and mounts are the tree's own and end with it; host names and certificates are the machine's.
in_debian() {
    mkdir "$work/tree"
    tar -C "$work/tree" -xf "$archive"
    mv "$work/clone" "$work/tree/clone"
    cp -L /etc/resolv.conf /etc/hosts "$work/tree/etc/"
    # The inner bash stays as process 1 and reaps orphans: hence `|| exit`, without which it would become chroot.
    # shellcheck disable=SC2016 # the variables are the inner shell's
    unshare --mount --pid --fork --kill-child bash -euc '
        tree=$1
        shift
        mount --rbind /dev "$tree/dev"
        mount --rbind /sys "$tree/sys"
        mount -t proc proc "$tree/proc"
        if [ -d /etc/ssl/certs ]; then
            mount --bind /etc/ssl/certs "$tree/etc/ssl/certs"
        fi
        env -u PYTHON -u TMPDIR -u THUMBRUN_PHOTOS -u THUMBRUN_HOSTILE \
            HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin \
            chroot "$tree" sh -euc "
                cd /clone
                python3 --version
                for target in $*; do make \$target; done
            " || exit
    ' in_debian "$work/tree" "$@"
}

debian=no
if [ "${1-}" = --debian ]; then
    debian=yes
    shift
fi
[ $# -gt 0 ] || set -- demo test

python=
if [ $debian = no ]; then
    python=$(own_python) || true
fi
[ -n "$python" ] || need_debian_tools

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone --quiet "$(dirname "$0")/../.." "$work/clone"
if [ -n "$python" ]; then
    cd "$work/clone"
    "$python" --version
    for target in "$@"; do
        make PYTHON="$python" "$target"
    done
else
    debian_archive "$packages"
    in_debian "$@"
fi
