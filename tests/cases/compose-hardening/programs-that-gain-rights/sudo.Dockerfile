FROM python:3.12-slim
WORKDIR /app
COPY app.py ./
RUN useradd -r app
RUN apt-get update && apt-get install -y --no-install-recommends sudo \
    && rm -rf /var/lib/apt/lists/*
USER app
CMD ["gunicorn", "app:app", "--bind", "0.0.0.0:8000", "--workers", "2"]
