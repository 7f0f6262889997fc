FROM python:3.12-slim
WORKDIR /app
COPY app.py ./
RUN useradd -r app
RUN chown root /usr/local/bin/mounter && chmod u+s /usr/local/bin/mounter
USER app
CMD ["gunicorn", "app:app", "--bind", "0.0.0.0:8000", "--workers", "2"]
