from http.server import HTTPServer
from shop import record

record.start()
