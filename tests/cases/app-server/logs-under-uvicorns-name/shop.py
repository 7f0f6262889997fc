import logging

log = logging.getLogger("uvicorn")
