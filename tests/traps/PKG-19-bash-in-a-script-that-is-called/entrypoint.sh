#!/bin/sh
/usr/local/bin/wait.sh db:5432
exec "$@"
