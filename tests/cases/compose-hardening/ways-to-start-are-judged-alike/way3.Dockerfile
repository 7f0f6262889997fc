FROM python:3.12-slim
RUN useradd -m shop
WORKDIR /srv
COPY shop.py .
USER shop
CMD ["sh", "-c", "exec env A=b nohup python shop.py"]
