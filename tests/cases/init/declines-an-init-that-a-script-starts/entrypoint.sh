#!/bin/sh
exec /serve.sh "$@"
