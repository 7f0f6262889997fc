from apscheduler.schedulers.asyncio import AsyncIOScheduler
from fastapi import FastAPI

app = FastAPI()
scheduler = AsyncIOScheduler()
scheduler.add_job(print, "interval", hours=1)
scheduler.start()
