#!/bin/sh
python manage.py migrate
export WEB_CONCURRENCY=3
exec gunicorn app:app
