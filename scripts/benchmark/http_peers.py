"""What the part ``http`` of scripts/benchmark measures the service against, as gunicorn runs it.

`constant` is a Flask route with a constant answer in JSON: as fast as a Flask service can be. `gensim_service` answers
with gensim's `most_similar` on vectors that stay on disk, as word2vec-api does.
"""

import os

from flask import Flask, Response, jsonify, request


def constant() -> Flask:
    """A route that does nothing."""
    app = Flask("constant")

    @app.get("/constant")
    def answer() -> Response:
        return jsonify({"word": "queen", "score": 0.8524})

    return app


def gensim_service() -> Flask:
    """Words to be added and words to be taken away; the vectors are those of the file in THISPLUSTHAT_PEER."""
    from gensim.models import KeyedVectors

    app = Flask("gensim")
    vectors = KeyedVectors.load(os.environ["THISPLUSTHAT_PEER"], mmap="r")

    @app.get("/most_similar")
    def answer() -> Response:
        added, taken = request.args.getlist("positive"), request.args.getlist("negative")
        return jsonify(vectors.most_similar(positive=added, negative=taken, topn=10))

    return app
