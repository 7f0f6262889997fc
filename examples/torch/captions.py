import torch
from flask import Flask

app = Flask(__name__)


@app.get("/health")
def health():
    return {"threads": torch.get_num_threads()}


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8000)
