import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ledger.settings")

app = Celery("ledger", broker=os.environ.get("BROKER_URL", "redis://broker:6379/0"))
app.autodiscover_tasks(["ledger.accounts"])
