FROM python:3.12-slim
RUN useradd -m shop
WORKDIR /srv
COPY shop.py .
USER shop
CMD ["tini", "--", "python", "-m", "uvicorn", "shop:app"]
