#!/bin/sh
python manage.py migrate
export WEB_CONCURRENCY=12
exec gunicorn app:app
