#!/usr/bin/env bash
# Run the fast tests repeatedly on a busy machine; every run must pass.
#
# Eight busy loops at the normal priority compete with it. Five runs use one process, five use four
# workers. Exit: 0 if all runs pass, 1 otherwise. The output of a run that fails is shown.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

loops=8 runs=5
output=$(mktemp)
busy=()
for ((n = 0; n < loops; n++)); do
    (while :; do :; done) &
    busy+=($!)
done
trap 'kill "${busy[@]}" 2>/dev/null; rm -f "$output"' EXIT

failed=0
for options in "" "-p xdist -n 4"; do
    for ((run = 1; run <= runs; run++)); do
        before=$SECONDS result=passed
        # shellcheck disable=SC2086 # the options are words
        .venv/bin/pytest -q $options >"$output" 2>&1 || { result=FAILED failed=1; }
        echo "run $run of $runs ${options:+($options) }$result in $((SECONDS - before)) s: $(tail -n 1 "$output")"
        [[ $result == passed ]] || cat "$output"
    done
done
exit "$failed"
