#!/usr/bin/env bash
# Check that a tag can be released: its version, the changelog, the owner, and the base image.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tag=$1 failed=0
check() { # check MESSAGE COMMAND…
    "${@:2}" >/dev/null || { echo "$1" >&2; failed=1; }
}
check "pyproject.toml has another version than $tag" grep -Fx "version = \"${tag#v}\"" pyproject.toml
check "CHANGELOG.md has no heading '## ${tag#v}'" grep -E "^## \[?${tag#v}\b" CHANGELOG.md
check "the addresses in pyproject.toml, README.md or docs have the placeholder OWNER" \
    bash -c '! grep -rn "/OWNER/" pyproject.toml README.md docs'
check "README.md says 'from v0.1.0' of a published name" bash -c '! grep -n "from v0.1.0" README.md'
check "the base image in the Dockerfile has no digest: run make pin-base" \
    grep -E "^FROM [^ ]+@sha256:" Dockerfile
exit $failed
