#!/bin/sh
# as process 1
exec /init "$@"
