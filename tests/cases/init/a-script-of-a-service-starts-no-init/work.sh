#!/bin/sh
# tini is not needed here
exec python -m worker
