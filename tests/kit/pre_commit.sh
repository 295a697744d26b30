#!/usr/bin/env bash
# Runs the hooks of this repository, as committed, with the real pre-commit on a scratch project:
# a broken choreography is refused, a good one is not. Needs `pre-commit` on the path.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PRE_COMMIT_HOME="$work/home" GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
git init --quiet "$work/project"
cd "$work/project"
git config user.name scratch
git config user.email scratch@example.invalid
# The hooks come from a clone of what is committed, whatever else lies around.
git clone --quiet --no-local "$repository" "$work/hooks"

cp "$repository/tests/golden/protocols/escrow.tell" escrow.tell
git add .
code=0
pre-commit try-repo "$work/hooks" tellverify-check --files escrow.tell --verbose >"$work/log" 2>&1 || code=$?
[ "$code" = 1 ] || { cat "$work/log"; echo "a broken choreography passes: exit $code"; exit 1; }
grep -q 'escrow.tell:.*TV512' "$work/log" || { cat "$work/log"; echo "TV512 is not named"; exit 1; }

printf 'protocol Good =\n    roles A,B\n    A -> B : Ping\n' >escrow.tell
git add .
pre-commit try-repo "$work/hooks" tellverify-check --files escrow.tell >"$work/log" 2>&1 ||
  { cat "$work/log"; echo "a good choreography is refused"; exit 1; }
code=0
pre-commit try-repo "$work/hooks" tellverify-fmt --files escrow.tell >"$work/log" 2>&1 || code=$?
[ "$code" = 1 ] || { cat "$work/log"; echo "nothing was formatted: exit $code"; exit 1; }
grep -q '^  roles A, B$' escrow.tell || { cat escrow.tell; echo "the layout is not canonical"; exit 1; }
echo "pre-commit runs the hooks"
