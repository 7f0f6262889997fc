#!/bin/bash
set -e
if [ -n "$WAIT" ]; then
  sleep "$WAIT"
exec "$@"
