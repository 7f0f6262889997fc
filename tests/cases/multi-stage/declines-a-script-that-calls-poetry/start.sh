#!/bin/sh
exec poetry run python -m app
