#!/bin/sh
# not /usr/local/bin/python
exec "$@"
