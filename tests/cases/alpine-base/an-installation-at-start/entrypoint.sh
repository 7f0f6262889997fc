#!/bin/sh
pip install -r requirements.txt
exec python app.py
