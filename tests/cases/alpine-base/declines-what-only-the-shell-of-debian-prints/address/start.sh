#!/bin/sh
export HOST="$(hostname -I)"
exec python shop.py
