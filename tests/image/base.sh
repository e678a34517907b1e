#!/usr/bin/env bash
# Make the base image that the Dockerfile names, from Debian's own packages: `base.sh NAME FOLDER`.
#
# No registry of images is asked. What matters is that the Dockerfile's FROM resolves to a Debian of the
# same release with the same minor version of Python. Its python3 is in /usr/bin where the real base has
# it in /usr/local/bin, so the Dockerfile is also held to name no path of the interpreter.
# BUILDAH is the command with its options, as run.sh has exported it.
set -euo pipefail

name=$1 folder=$2
read -ra buildah <<<"${BUILDAH:?}"

# python:3.11-slim-bookworm -> 3.11 and bookworm
tag=${name##*:}
python_version=${tag%%-*} suite=${tag##*-}

# The mirror is the one that this machine's apt uses, whichever file and format says so. The names in
# parentheses are apt's own, not the shell's.
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Identifier: Packages' |
    awk -v suite="$suite" '$1 == suite && $2 == "main" && !found++ { print $3 }')
if [[ -z $mirror ]]; then
    # Another release of Debian: its mirror has every release.
    # shellcheck disable=SC2016
    mirror=$(apt-get indextargets --format '$(COMPONENT) $(REPO_URI)' 'Identifier: Packages' |
        awk '$1 == "main" && !found++ { print $2 }')
fi
proxy=
eval "$(apt-config shell proxy Acquire::http::Proxy)"
if [[ -n $proxy ]]; then
    export http_proxy=$proxy
fi

rm -rf "$folder"
trap 'rm -rf "$folder"' EXIT
debootstrap --variant=minbase --include=python3,python3-pip,python3-venv,ca-certificates \
    "$suite" "$folder" "$mirror"

# Nothing below is used, and vfs storage copies the whole base for each layer.
rm -rf "$folder"/var/cache/apt/* "$folder"/var/lib/apt/lists/* "$folder"/var/log/* \
    "$folder"/usr/share/{doc,locale,man}/*
got=$(chroot "$folder" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if [[ $got != "$python_version" ]]; then
    echo "base.sh: $suite has Python $got, and $name promises $python_version" >&2
    exit 1
fi

# The real base has pip, setuptools and wheel where pip itself installs packages, and Debian's packages
# would leave a copy that only apt removes.
chroot "$folder" bash -euc '
    python3 -m venv /tools
    mv /tools/lib/python3*/site-packages/* /usr/local/lib/python3*/dist-packages/
    rm -rf /tools
    apt-get purge --yes --quiet python3-pip python3-pkg-resources python3-wheel >/dev/null'
rm -rf "$folder"/usr/share/python-wheels

container=$("${buildah[@]}" from scratch)
"${buildah[@]}" add --quiet "$container" "$folder" /
"${buildah[@]}" config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    --cmd '["python3"]' "$container"
"${buildah[@]}" commit --quiet --rm --format docker "$container" "$name"
