#!/usr/bin/env bash
# Prepare podman for the tests of the container, where no Docker runs: a base image like python:3.13-slim, from Debian's
# packages, as no registry may be in reach.
#
#   podman.sh          install what is missing with apt-get, and make the base
#   podman.sh --check  only find out whether podman can run the base here
#
# Prints the name of the base. Exits with 2 where something is missing or not permitted, and says what. Needs root and
# Linux. The base takes one to three minutes to make; its tree is kept in ~/.cache/thumbrun-steady.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=podman.sh
# shellcheck source=tests/steady/debian.sh
. "$here/../steady/debian.sh"
export CONTAINERS_CONF=${CONTAINERS_CONF:-$here/containers.conf}

packages=python3,python3-venv,python-is-python3,ca-certificates
# A change of this script makes another base.
base=localhost/thumbrun-base:$(cksum "$here/podman.sh" | cut -d ' ' -f 1)

# As in the image of Docker's library: pip is in /usr/local, and may install there.
make_base() {
    debian_archive "$packages"
    podman import --quiet "$archive" "$base-tree" >&2
    mkdir "$work/empty"
    podman build --quiet --pull=never --layers=false --isolation=chroot --tag "$base" --file - "$work/empty" >&2 <<END
FROM $base-tree
ENV PATH=/usr/local/bin:/usr/bin:/bin
RUN rm -f /usr/lib/python3*/EXTERNALLY-MANAGED \
    && python -m venv /tmp/pip \
    && /tmp/pip/bin/pip --python /usr/bin/python3 install --quiet --root-user-action=ignore \
        --no-index --find-links /usr/share/python-wheels pip \
    && rm -rf /tmp/pip
END
    podman untag "$base-tree"
}

[ "$(id -u)" = 0 ] || missing "podman needs root here"
[ "$(uname -s)" = Linux ] || missing "podman needs Linux here"
if [ "${1-}" != --check ]; then
    absent=()
    for tool in podman runc; do
        command -v "$tool" >/dev/null || absent+=("$tool")
    done
    [ ${#absent[@]} = 0 ] || apt_install "${absent[@]}"
    need_mmdebstrap
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    podman image exists "$base" || make_base
fi
command -v podman >/dev/null || missing "podman is not installed; run tests/ship/podman.sh as root"
podman image exists "$base" || missing "the base image is not made; run tests/ship/podman.sh as root"
said=$(podman run --rm --memory 64m --memory-swap 64m --read-only --cap-drop all "$base" true 2>&1) ||
    missing "podman cannot run a container here: ${said##*$'\n'}"
echo "$base"
