FROM python:3.12-slim
RUN useradd -m shop
WORKDIR /srv
COPY shop.py .
USER shop
CMD ["poetry", "run", "granian", "shop:app"]
