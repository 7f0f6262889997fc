import json
from pathlib import Path


def keep(order):
    Path(f"orders/{order.number}.json").write_text(json.dumps(order.lines))
