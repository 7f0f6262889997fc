#!/bin/sh
set -e
/usr/local/bin/prepare.sh
exec python web.py
