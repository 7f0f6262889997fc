"""Sign-up, sign-in and token checks."""

import os
import time

import jwt
import redis
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel, Field

SECRET = os.environ.get("JWT_SECRET", "only-for-development-and-never-deployed")
TOKEN_LIFETIME = 3600

hasher = PasswordHasher()
accounts = redis.Redis.from_url(
    os.environ.get("REDIS_URL", "redis://localhost:6379/1"), decode_responses=True
)
app = FastAPI(title="Auth")


class Credentials(BaseModel):
    name: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=8, max_length=256)


@app.get("/health")
def health() -> dict:
    return {"status": "ok"}


@app.post("/accounts", status_code=201)
def sign_up(who: Credentials) -> dict:
    if not accounts.set(f"account:{who.name}", hasher.hash(who.password), nx=True):
        raise HTTPException(status_code=409, detail="that name is taken")
    return {"name": who.name}


@app.post("/token")
def sign_in(who: Credentials) -> dict:
    stored = accounts.get(f"account:{who.name}")
    try:
        if stored is None:
            raise VerifyMismatchError
        hasher.verify(stored, who.password)
    except VerifyMismatchError:
        raise HTTPException(status_code=401, detail="wrong name or password") from None
    claims = {"sub": who.name, "exp": int(time.time()) + TOKEN_LIFETIME}
    return {"token": jwt.encode(claims, SECRET, algorithm="HS256")}


@app.get("/whoami")
def whoami(authorization: str = Header()) -> dict:
    token = authorization.removeprefix("Bearer ")
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(status_code=401, detail="the token is not valid") from None
    return {"name": claims["sub"]}
