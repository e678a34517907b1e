#!/usr/bin/env bash
# Write the digest that the base image's tag has today into the Dockerfile: `make pin-base`.
#
# It needs docker and the network; nothing is pulled. The digest is that of the index of all platforms.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tag=$(sed -nE 's/^FROM ([^@ ]+)(@[^ ]+)? AS base$/\1/p' Dockerfile)
digest=$(docker buildx imagetools inspect "$tag" --format '{{.Manifest.Digest}}')
[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || {
    echo "pin.sh: no digest: $digest" >&2
    exit 1
}
sed -i -E "s|^FROM [^ ]+ AS base$|FROM $tag@$digest AS base|" Dockerfile
grep -n " AS base$" Dockerfile
