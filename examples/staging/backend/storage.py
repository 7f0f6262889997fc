"""Orders in Postgres, with a short-lived count in Redis."""

import os

import redis
from sqlalchemy import String, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

DATABASE_URL = os.environ.get(
    "DATABASE_URL", "postgresql+psycopg2://orders:orders@localhost/orders"
)
REDIS_URL = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
COUNT_KEY = "orders:count"
COUNT_TTL = 30

# Four workers share one small database, so each keeps its pool small.
engine = create_engine(DATABASE_URL, pool_size=2, max_overflow=2, pool_pre_ping=True)
cache = redis.Redis.from_url(REDIS_URL, decode_responses=True)


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(String(200))
    quantity: Mapped[int]


def add(item: str, quantity: int) -> int:
    with Session(engine) as session, session.begin():
        order = Order(item=item, quantity=quantity)
        session.add(order)
        session.flush()
        order_id = order.id
    cache.delete(COUNT_KEY)
    return order_id


def recent(limit: int) -> list[dict]:
    with Session(engine) as session:
        rows = session.scalars(select(Order).order_by(Order.id.desc()).limit(limit))
        return [{"id": o.id, "item": o.item, "quantity": o.quantity} for o in rows]


def count() -> int:
    cached = cache.get(COUNT_KEY)
    if cached is not None:
        return int(cached)
    with Session(engine) as session:
        total = session.scalar(select(func.count()).select_from(Order)) or 0
    cache.set(COUNT_KEY, total, ex=COUNT_TTL)
    return total
