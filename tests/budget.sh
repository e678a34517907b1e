#!/usr/bin/env bash
# Print the processor time of the fast tests: of a first run, which rewrites the assertions, and of a second.
#
# The argument is the processor time of a whole suite in seconds, measured on the same idle machine;
# the times are also printed as its percentage. Nothing fails: times depend on the machine and its load.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

whole=${1:-}
TIMEFORMAT="%U %S"
find tests -name '*.pyc' -delete
for run in first second; do
    seconds=$( { time .venv/bin/pytest -q >/dev/null; } 2>&1 )
    awk -v run="$run" -v whole="${whole:-0}" '{
        printf "%s run: %.1f s", run, $1 + $2
        if (whole) printf ", %.1f %% of %s s", 100 * ($1 + $2) / whole, whole
        print ""
    }' <<<"$seconds"
done
