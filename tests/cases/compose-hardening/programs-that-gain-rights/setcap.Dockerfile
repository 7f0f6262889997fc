FROM python:3.12-slim
WORKDIR /app
COPY app.py ./
RUN useradd -r app
RUN setcap cap_net_bind_service=+ep /usr/local/bin/python3.12
USER app
CMD ["gunicorn", "app:app", "--bind", "0.0.0.0:8000", "--workers", "2"]
