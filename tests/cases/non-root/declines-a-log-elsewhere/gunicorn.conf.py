pidfile = "/run/shop.pid"
