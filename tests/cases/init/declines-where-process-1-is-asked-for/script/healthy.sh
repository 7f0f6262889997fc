#!/bin/sh
grep -q node /proc/1/cmdline
