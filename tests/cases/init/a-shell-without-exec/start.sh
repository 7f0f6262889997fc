#!/bin/sh
set -e
python /srv/shop.py
