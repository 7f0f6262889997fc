"""The orders API."""

import logging
import os
from pathlib import Path

import httpx
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, Field

from backend import storage

AUTH_URL = os.environ.get("AUTH_URL", "http://localhost:8081")
LOG_DIR = Path(os.environ.get("LOG_DIR", "logs"))

LOG_DIR.mkdir(exist_ok=True)
logging.basicConfig(
    filename=LOG_DIR / "orders.log",
    level=os.environ.get("LOG_LEVEL", "info").upper(),
    format="%(asctime)s %(process)d %(levelname)s %(message)s",
)
log = logging.getLogger("orders")

app = FastAPI(title="Orders")


class NewOrder(BaseModel):
    item: str = Field(min_length=1, max_length=200)
    quantity: int = Field(gt=0, le=10_000)


def signed_in(authorization: str = Header()) -> str:
    """The name behind the token, as the auth service tells it."""
    reply = httpx.get(
        f"{AUTH_URL}/whoami", headers={"Authorization": authorization}, timeout=5
    )
    if reply.status_code != 200:
        raise HTTPException(status_code=401, detail="sign in first")
    return reply.json()["name"]


@app.get("/health")
def health() -> dict:
    return {"status": "ok"}


@app.get("/orders")
def list_orders(limit: int = 20) -> dict:
    return {"total": storage.count(), "orders": storage.recent(min(limit, 100))}


@app.post("/orders", status_code=201)
def place_order(order: NewOrder, name: str = Depends(signed_in)) -> dict:
    order_id = storage.add(order.item, order.quantity)
    log.info("order %d placed by %s", order_id, name)
    return {"id": order_id}
