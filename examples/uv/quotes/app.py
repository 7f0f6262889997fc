from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


def today(request):
    return PlainTextResponse("Measure twice, cut once.")


app = Starlette(routes=[Route("/", today)])
