#!/usr/bin/env bash
# Checks signatures.json with OpenSSL; needs openssl and node (to read the file).
set -euo pipefail
cd "$(dirname "$0")"
node -e '
  const { vectors } = JSON.parse(require("fs").readFileSync("signatures.json"));
  for (const v of vectors) console.log([Buffer.from(v.key).toString("hex"), v.times, v.signature, v.body_base64].join(" "));
' | while read -r key times signature body; do
    # Only text is repeated, so it may go through the shell.
    whole() {
        if [ "$times" = 1 ]; then printf %s "$body" | base64 -d; else yes "$(printf %s "$body" | base64 -d)" | head -n "$times" | tr -d '\n'; fi
    }
    found="$({ whole || true; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)"
    [ "$found" = "$signature" ] || { echo "differs: $key $times"; exit 1; }
done
echo "OpenSSL agrees with every vector"
