#!/usr/bin/env bash
host=${1%%:*}
until (echo > "/dev/tcp/$host/${1##*:}") 2>/dev/null; do sleep 1; done
