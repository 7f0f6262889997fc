"""A guestbook on one table."""

import os
from contextlib import closing

import psycopg2
from flask import Flask, redirect, render_template, request, url_for

DATABASE_URL = os.environ.get("DATABASE_URL", "postgresql://localhost/guestbook")

app = Flask(__name__)


def connect():
    return closing(psycopg2.connect(DATABASE_URL))


@app.cli.command("create-table")
def create_table():
    with connect() as db, db, db.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS entries ("
            " id serial PRIMARY KEY,"
            " name varchar(80) NOT NULL,"
            " message text NOT NULL)"
        )


@app.get("/health")
def health():
    return {"status": "ok"}


@app.get("/")
def index():
    with connect() as db, db, db.cursor() as cursor:
        cursor.execute("SELECT name, message FROM entries ORDER BY id DESC LIMIT 50")
        entries = cursor.fetchall()
    return render_template("index.html", entries=entries)


@app.post("/")
def sign():
    name = request.form["name"].strip()[:80] or "someone"
    message = request.form["message"].strip()
    with connect() as db, db, db.cursor() as cursor:
        cursor.execute(
            "INSERT INTO entries (name, message) VALUES (%s, %s)", (name, message)
        )
    return redirect(url_for("index"))
