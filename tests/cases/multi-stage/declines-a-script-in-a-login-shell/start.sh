#!/bin/sh
exec bash -lc "gunicorn app:app"
