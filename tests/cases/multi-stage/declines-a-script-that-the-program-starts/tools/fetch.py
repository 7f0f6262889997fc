#!/usr/local/bin/python3
import requests
