"""The tea shop's service: what there is, as JSON."""

import requests
import yaml
from flask import Flask, jsonify

app = Flask(__name__)
TEAS = yaml.safe_load("{1: Assam, 2: Darjeeling, 3: Sencha}")


@app.route("/teas")
def teas():
    return jsonify(TEAS)


@app.route("/price/<int:tea>")
def price(tea):
    return jsonify(requests.get("http://prices.internal/%d" % tea, timeout=5).json())


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8080)
