#!/bin/sh
echo starting ./start.sh
python manage.py migrate
export WEB_CONCURRENCY=3
exec gunicorn app:app
