#!/bin/sh
echo 'a\nb' > /srv/lines
exec python shop.py
