# Orders API, staging
FROM python:3.11-slim as base

# System dependencies
RUN apt-get update && \
    apt-get install -y --no-install-recommends \
        gcc \
        g++ \
        # for the health check
        curl \
        ca-certificates \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/*

# Non-root user
RUN groupadd -r orders && useradd -r -g orders orders

WORKDIR /app

# Dependencies
COPY requirements.txt .
RUN pip install --no-cache-dir --upgrade pip && \
    pip install --no-cache-dir -r requirements.txt

# Application
COPY backend/ ./backend/

ENV PYTHONPATH=/app
RUN mkdir -p /app/logs && \
    chown -R orders:orders /app
USER orders

HEALTHCHECK --interval=30s --start-period=60s \
    CMD curl -f http://localhost:8000/health || exit 1
EXPOSE 8000
CMD ["uvicorn", "backend.main:app", \
     "--host", "0.0.0.0", "--port", "8000", \
     "--workers", "4", "--access-log", "--timeout-keep-alive", "65"]
