#!/bin/sh
exec /usr/bin/tini -- node server.js
