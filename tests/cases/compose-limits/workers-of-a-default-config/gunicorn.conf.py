bind = "0.0.0.0:8000"
workers = 4  # two for each core
