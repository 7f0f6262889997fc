from ledger import app


@app.task
def close_month(month):
    return f"{month} is closed"
