#!/bin/sh
./bin/migrate
exec python app.py
