import httpx


def run():
    print(httpx.__version__)
