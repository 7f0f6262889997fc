import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = os.environ.get("SECRET_KEY", "only for development")
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.staticfiles", "ledger.accounts"]
ROOT_URLCONF = "ledger.urls"
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static"
