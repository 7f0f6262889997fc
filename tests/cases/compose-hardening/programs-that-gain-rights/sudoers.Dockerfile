FROM python:3.12-slim
WORKDIR /app
COPY app.py ./
RUN useradd -r app
RUN echo 'app ALL=(ALL) NOPASSWD: /usr/sbin/nginx' > /etc/sudoers.d/app
USER app
CMD ["gunicorn", "app:app", "--bind", "0.0.0.0:8000", "--workers", "2"]
