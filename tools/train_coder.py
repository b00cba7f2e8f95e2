"""Build the coder's phrases from the words at hand and the classification, and calibrate its confidence.

Usage: python tools/train_coder.py CLASSIFICATION.csv [REGISTRY.parquet ...]

Reads ``src/duijie/data/intake/coder_words.csv`` (words written by hand) and the classification (columns code, name,
level, description). Writes ``coder_phrases.csv``: the names of the headings and short product words from their
explanations (never a sentence). With registry tables that hold the rows of ``tests/intake/labels.csv`` it also writes
``coder_calibration.csv``: three numbers a level.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from duijie import data

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "src" / "duijie" / "data" / "intake"
_BEFORE = (
    "指 以及 以 对 各种 各类 其他 包括 如 和 与 及 或 用于 从事 为 的 将 在 由 含 不 通过 利用 主要 采用 经 按 该 类 某"
)
_AFTER = "等 的 和 与 及 或 为 类 在内 活动 行为 服务活动 生产活动"
_EDGES = re.compile(f"^({_BEFORE.replace(' ', '|')})+|({_AFTER.replace(' ', '|')})+$")
_VAGUE = re.compile(
    r"本门类|大类|小类|中类|不包括|包括|除外|以上|上述|未列明|其他|有关|活动|过程|方法|作为|进行|单位|企业|产品$|各种|原料$|为主"
)
_SUFFIX = re.compile(r"(制造|生产|加工|种植|养殖|饲养|批发|零售|开采|服务|采选|业)$")
_GENERIC = set(
    "制造 生产 加工 服务 材料 设备 用品 制品 产品 零件 配件 商品 其他 使用 管理 工具 金属 "
    "原料 销售 运输 批发 零售 修理 安装 设计 开发 经营 研究 技术 信息 机械 器材 工业 农业 "
    "生活 食用 天然 人工 专用 电子 化学 塑料 木材 自动 控制 汽车 计算机 网络 家用 建筑 "
    "医疗 医院 学校 食品 国家 政府 城市 公共 个人".split()
)
_WIDEST = 3  # a word that stands in the texts of more divisions says too little


def main(arguments: list[str]) -> None:
    words = _hand_written()
    phrases = _from_classification(Path(arguments[0]), words)
    rows = [(phrase, code, weight, "product") for phrase, found in words.items() for code, weight in found]
    _write("coder_phrases", ("phrase", "code", "weight", "kind"), sorted(rows + phrases))
    print(len(words), "hand-written words,", len(phrases), "from the classification")
    calibration = FOLDER / "coder_calibration.csv"
    if len(arguments) > 1:
        _calibrate(arguments[1:])
    elif not calibration.exists():
        _write(
            "coder_calibration",
            ("level", "intercept", "share", "evidence"),
            [(level, 0, 1, 0) for level in range(1, 5)],
        )


def _write(name: str, header: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with (FOLDER / f"{name}.csv").open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle, lineterminator="\n").writerows([header, *rows])


def _hand_written() -> dict[str, list[tuple[str, float]]]:
    words: dict[str, list[tuple[str, float]]] = defaultdict(list)
    with (FOLDER / "coder_words.csv").open(encoding="utf-8") as handle:
        for row in csv.DictReader(handle, restval=""):
            for word in row["words"].split():
                words[word.lower()].append((row["code"], float(row.get("weight") or 1)))
    return {word: [(code, weight / len(found)) for code, weight in found] for word, found in words.items()}


def _from_classification(path: Path, known: dict[str, list[tuple[str, float]]]) -> list[tuple[str, str, float, str]]:
    with path.open(encoding="utf-8") as handle:
        headings = [row for row in csv.DictReader(handle) if row["level"] != "1"]
    codes = data.table(data.root() / "taxonomies" / "gbt4754_2017.csv")
    amended = {row["name_zh"]: row["code"] for row in codes if row["note"] == "amendment 1"}
    headings = [row | {"code": amended.get(row["name"], row["code"])} for row in headings]
    direct, product = defaultdict(set), defaultdict(set)
    for row in headings:
        name = row["name"].lower()
        direct[name].add(row["code"])
        explained = row["description"].lower() if row["level"] == "4" else ""
        for word in _product_words(name, explained, 2 if row["section"] in "ABC" else 4):
            product[word].add(row["code"])
    texts = defaultdict(str)
    for row in headings:
        texts[row["code"][:2]] += f" {row['name']} {row['description']}".lower()
    product = {word: codes for word, codes in product.items() if _spread(word, texts) <= _WIDEST}
    rows = [(name, max(codes, key=len), 1.3, "direct") for name, codes in direct.items() if len(name) > 3]
    for word, codes in product.items():
        deepest = {code for code in codes if not any(other != code and other.startswith(code) for other in codes)}
        if word not in known and word not in direct and len(deepest) <= 2:
            rows += [(word, code, round(0.6 / len(deepest), 2), "product") for code in deepest]
    return rows


def _spread(word: str, texts: dict[str, str]) -> int:
    return sum(word in text for text in texts.values())


def _product_words(name: str, description: str, shortest: int) -> Iterator[str]:
    head = _SUFFIX.sub("", name)
    if not head.startswith("其他") and 2 <= len(head) <= 8 and "、" not in head and head not in _GENERIC:
        yield head
    for part in re.split(r"[、，,；;。：:（）()\s]|以及|包括|等|和", description):
        word = _EDGES.sub("", part)
        if (
            shortest <= len(word) <= 7
            and not _VAGUE.search(word)
            and word not in _GENERIC
            and re.fullmatch(r"[\u4e00-\u9fff]+", word)
        ):
            yield word


def _calibrate(tables: list[str]) -> None:
    import pandas as pd

    from duijie.intake import coding

    folder = ROOT / "tests" / "intake"
    once = pd.read_csv(folder / "labels_held_out.csv", dtype=str)
    twice = pd.read_csv(folder / "labels.csv", dtype=str)
    labels = pd.concat([twice, once.assign(first=once.label, second=once.label)])
    rows = pd.concat([pd.read_parquet(table) for table in tables]).drop_duplicates("uscc")
    joined = labels.merge(rows, on="uscc")
    raw = coding.read_texts(joined["name"].tolist(), joined["scope"].fillna("").tolist())
    fitted: list[tuple[object, ...]] = []
    for level in range(1, 5):
        truth = coding.agreed(joined["first"].tolist(), joined["second"].tolist(), level)
        chosen = np.array([code is not None for code in truth])
        hit = np.array([code == guess for code, guess in zip(truth, raw.codes[:, level - 1], strict=True)])[chosen]
        fitted.append((level, *_logistic(coding.evidence(raw, level)[chosen], hit)))
    _write("coder_calibration", ("level", "intercept", "share", "evidence"), fitted)


def _logistic(features: np.ndarray, hit: np.ndarray) -> list[float]:
    def loss(weights: np.ndarray) -> float:
        margin = features @ weights
        return float(np.logaddexp(0, np.where(hit, -margin, margin)).sum() + 0.5 * (weights[1:] ** 2).sum())

    return [round(float(weight), 3) for weight in minimize(loss, np.zeros(features.shape[1])).x]


if __name__ == "__main__":
    main(sys.argv[1:])
