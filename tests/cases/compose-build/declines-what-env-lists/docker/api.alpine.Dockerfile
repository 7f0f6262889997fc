FROM python:3.12-alpine
WORKDIR /app
COPY app.py ./
RUN adduser -S app
USER app
CMD ["gunicorn", "app:app", "--bind", "0.0.0.0:8000", "--workers", "2"]
