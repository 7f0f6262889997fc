#!/bin/sh
set -e
# runuser was here once: sort -R
started=$(date --iso-8601=seconds)
if ! grep -qP '^\d+$' /app/port; then
    echo "$started: no port" >&2
    exit 1
fi
. /app/lib.sh
exec runuser -u app -- "$@"
