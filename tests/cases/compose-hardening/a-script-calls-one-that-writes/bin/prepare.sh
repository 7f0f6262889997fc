#!/bin/sh
mkdir -p /srv/spool
