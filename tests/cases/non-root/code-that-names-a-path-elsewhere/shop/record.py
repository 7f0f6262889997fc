import os

# Not here: /var/lib/other
WHERE = os.environ.get("SHOP_RECORD", "/var/lib/shop")


def start():
    return os.path.join(WHERE, "record")
