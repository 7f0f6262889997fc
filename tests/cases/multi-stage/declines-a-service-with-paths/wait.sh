#!/bin/sh
/usr/local/bin/python3 -m app.wait
