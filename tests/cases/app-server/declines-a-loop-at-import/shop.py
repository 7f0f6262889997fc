from apscheduler.schedulers.asyncio import AsyncIOScheduler
from fastapi import FastAPI

app = FastAPI()
timer = AsyncIOScheduler()
timer.add_job(print, "interval", hours=1)
timer.start()
