import logging

from fastapi import FastAPI

log = logging.getLogger("uvicorn")
app = FastAPI()
