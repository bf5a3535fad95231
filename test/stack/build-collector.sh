#!/usr/bin/env bash
# Builds the collector of collector-manifest.yaml, once for each content of it, and prints where it is. Needs Go.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
manifest=$here/collector-manifest.yaml
cache=${XDG_CACHE_HOME:-$HOME/.cache}/execgate/collector-$(sha256sum "$manifest" | cut -c1-16)
if [ ! -x "$cache/otelcol" ]; then
  mkdir -p "$cache"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  GOBIN=$work go install go.opentelemetry.io/collector/cmd/builder@v0.159.0 >&2
  cp "$manifest" "$work/"
  (cd "$work" && ./builder --config collector-manifest.yaml) >&2
  mv "$work/out/otelcol" "$cache/otelcol"
fi
echo "$cache/otelcol"
