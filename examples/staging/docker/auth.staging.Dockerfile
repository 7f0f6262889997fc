# Sign-in service, staging
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

# System dependencies
RUN apt-get update && apt-get install -y --no-install-recommends \
    gcc \
    g++ \
    # the health check below calls it
    curl \
    ca-certificates \
    && rm -rf /var/lib/apt/lists/*

# Same account name as the API, so the two can share a volume later
RUN groupadd -r orders && useradd -r -g orders orders

WORKDIR /app

COPY auth/requirements.txt .
RUN pip install --no-cache-dir --upgrade pip && \
    pip install --no-cache-dir -r requirements.txt

COPY auth/ ./auth/
RUN chown -R orders:orders /app

USER orders

EXPOSE 8081

HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD curl -f http://localhost:8081/health || exit 1

CMD ["uvicorn", "auth.main:app", "--host", "0.0.0.0", "--port", "8081", "--workers", "2"]
