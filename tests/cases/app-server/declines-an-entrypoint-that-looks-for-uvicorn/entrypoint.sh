#!/bin/sh
if [ "$1" = "uvicorn" ]; then
    alembic upgrade head
fi
exec "$@"
