"""What an office does without us: a table of keywords, and the nearest class name by TF-IDF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.sparse import csr_matrix

from duijie.intake.taxonomies import gbt4754
from duijie.terms.tokens import character_ngrams

# The first keyword found in the name, else in the scope, decides the division.
_KEYWORDS = """
银行 66|保险 68|证券 67|投资 72|典当 66|物业 70|房地产 70|广告 72|旅行社 72|会计 72
律师 72|劳务 72|咨询 72|装饰 50|装修 50|园林 48|建筑 47|建设工程 47|市政 48|物流 54
运输 54|货运 54|客运 54|快递 60|邮政 60|仓储 59|货代 58|酒店 61|宾馆 61|餐饮 62
饭店 62|软件 65|信息技术 65|网络 65|电信 63|培训 83|学校 83|幼儿园 83|医院 84
诊所 84|影视 87|文化 88|体育 89|健身 89|美容 80|家政 80|汽车维修 81|加油站 52
药店 52|药房 52|超市 52|商店 52|门市部 52|贸易 51|商贸 51|经贸 51|经营部 51|供销 51
养殖 03|种植 01|合作社 01|农场 01|林业 02|渔业 04|矿业 06|煤炭 06|石材 30|水泥 30
陶瓷 30|玻璃 30|鞋 19|皮革 19|箱包 19|服装 18|服饰 18|制衣 18|纺织 17|织造 17
印染 17|食品 14|饮料 15|酒 15|茶 15|木 20|家具 21|纸 22|印刷 23|玩具 24
工艺品 24|石油 25|化工 26|涂料 26|肥料 26|医药 27|化纤 28|塑料 29|塑胶 29|橡胶 29
钢 31|铝 32|五金 33|金属 33|机械 34|模具 35|医疗器械 35|汽车配件 36|汽车 36|电线 38
电缆 38|电器 38|照明 38|电池 38|电子 39|通讯 39|计算机 39|仪器 40|电力 44|燃气 45
供水 46|科技 75|设计 74|检测 74|环保 77|保洁 82|批发 51|零售 52|销售 51|制造 34
加工 34
"""


@cache
def _table() -> tuple[tuple[str, str], ...]:
    pairs = (entry.split() for line in _KEYWORDS.split("\n") for entry in line.split("|") if entry)
    return tuple((word, division) for word, division in pairs)


def keyword_codes(names: Sequence[str], scopes: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """Section and division by the table; no finer level."""
    found = []
    for name, scope in zip(names, scopes, strict=True):
        hits = (division for text in (name, scope) for word, division in _table() if word in text)
        division = next(hits, "")
        found.append((gbt4754().at_level(division, 1), division, "", ""))
    return found


def nearest_class_names(names: Sequence[str], scopes: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """All four levels of the class whose name is nearest by TF-IDF of characters 1–3, over the first 200 characters."""
    classes = [one for one in gbt4754().industries.values() if one.level == 4]
    documents = [Counter(character_ngrams(one.name.zh, (1, 2, 3))) for one in classes]
    words = {word: at for at, word in enumerate(sorted({word for own in documents for word in own}))}
    often = Counter(word for own in documents for word in own)
    weight = np.array([np.log((1 + len(classes)) / (1 + often[word])) + 1 for word in words])
    left = _matrix(documents, words, weight)
    texts = [
        Counter(character_ngrams((name + ";" + scope)[:200], (1, 2, 3)))
        for name, scope in zip(names, scopes, strict=True)
    ]
    best = np.asarray((_matrix(texts, words, weight) @ left.T).todense()).argmax(axis=1)
    taxonomy = gbt4754()
    return [tuple(taxonomy.at_level(classes[at].code, level) for level in range(1, 5)) for at in best]  # type: ignore[misc]


def _matrix(documents: Sequence[Counter[str]], words: dict[str, int], weight: np.ndarray) -> csr_matrix:
    rows, columns, values = [], [], []
    for row, own in enumerate(documents):
        known = [(words[word], (1 + np.log(n)) * weight[words[word]]) for word, n in own.items() if word in words]
        length = np.sqrt(sum(value**2 for _, value in known)) or 1.0
        rows += [row] * len(known)
        columns += [column for column, _ in known]
        values += [value / length for _, value in known]
    return csr_matrix((values, (rows, columns)), shape=(len(documents), len(words)))
