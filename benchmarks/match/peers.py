"""The peers' side of a comparison: runs under the peers' own interpreter, prints seconds as JSON.

``peers.py topk FOLDER THREADS RUNS``: exact sparse top-10 of ``needs.npz`` against ``offers.npz``.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from scipy import sparse


def topk(folder: Path, n_threads: int, runs: int) -> dict[str, object]:
    """CPU and wall seconds of each run of sparse_dot_topn; its answer is left in ``peer.npz``."""
    from sparse_dot_topn import sp_matmul_topn

    needs, offers = sparse.load_npz(folder / "needs.npz"), sparse.load_npz(folder / "offers.npz").T.tocsr()
    sp_matmul_topn(needs[:64], offers, top_n=10, n_threads=n_threads)
    seconds = []
    for _ in range(runs):
        cpu, wall = time.process_time(), time.perf_counter()
        found = sp_matmul_topn(needs, offers, top_n=10, n_threads=n_threads)
        seconds.append((time.process_time() - cpu, time.perf_counter() - wall))
    sparse.save_npz(folder / "peer.npz", found)
    return {"seconds": seconds}


def ranks(folder: Path) -> dict[str, object]:
    """The rank of each query's answer by bm25s and by scikit-learn's TF-IDF, both on the same n-grams (1–3 letters)."""
    import bm25s
    from sklearn.feature_extraction.text import TfidfVectorizer

    given = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    queries, texts, right = given["queries"], given["texts"], given["right"]
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    offers = vectors.fit_transform(texts)
    scores = {"scikit-learn TF-IDF 1–3": (vectors.transform(queries) @ offers.T).toarray()}
    cut = TfidfVectorizer(analyzer="char", ngram_range=(1, 2)).build_analyzer()
    index = bm25s.BM25()
    index.index([cut(text) for text in texts], show_progress=False)
    scores["bm25s 1–2"] = np.stack([index.get_scores(cut(query)) for query in queries])
    answer = {}
    for name, table in scores.items():
        own = table[np.arange(len(right)), right]
        answer[name] = (table >= own[:, None]).sum(axis=1).tolist()
    return answer


if __name__ == "__main__":
    if sys.argv[1] == "topk":
        print(json.dumps(topk(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
    else:
        print(json.dumps(ranks(Path(sys.argv[2]))))
