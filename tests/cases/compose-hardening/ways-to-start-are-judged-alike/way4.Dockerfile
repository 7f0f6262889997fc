FROM python:3.12-slim
RUN useradd -m shop
WORKDIR /srv
COPY shop.py .
USER shop
CMD ["/usr/bin/env", "stdbuf", "-oL", "python", "shop.py"]
