"""Results of an invented agreement between two invented places, in the shape the pipeline writes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

A, B = "990001", "990002"


def both(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


def reason(code: str, weight: float = 0.0, is_for: bool = True, **values: Any) -> dict[str, Any]:
    return {"code": code, "values": values, "weight": weight, "is_for": is_for}


def firm(side: str, n: int) -> dict[str, Any]:
    place = "甲市" if side == A else "乙区"
    return {"id": f"{side}-{n}", "name": f"{place}虚构企业{n:03d}号", "products": ["运动鞋", "鞋面"]}


INDUSTRIES = [(f"{1000 + at}", f"第{at:02d}号制造业", f"Manufacture no. {at:02d}") for at in range(1, 25)]
STAGES = [
    ("material", "原料", "Material"),
    ("part", "部件", "Parts"),
    ("whole", "整机", "Whole"),
    ("shop", "销售", "Sale"),
]
AREAS = [("first", "第一领域", "First area"), ("second", "第二领域", "Second area")]
NODES = ("need", "match", "meeting", "intent", "signed", "approved", "started", "delivered")
SOURCES = [
    {
        "key": "s1",
        "publisher": "虚构统计局",
        "title": "虚构公报",
        "url": "https://stats.example/1",
        "is_linked": True,
        "as_of": "2020",
        "basis": "published",
    },
    {
        "key": "s2",
        "publisher": "虚构转载站",
        "title": "虚构转载",
        "url": "https://mirror.example/2",
        "is_linked": False,
        "as_of": "2021",
        "basis": "derived",
    },
]


def head(is_rehearsal: bool) -> dict[str, Any]:
    made = {"inputs": {"firms.csv": "ab" * 32}, "version": "0.1.0", "parameters": {"level": 0.95}, "seed": 1}
    return {
        "agreement": "invented",
        "title": both("甲乙框架协议", "Framework agreement"),
        "is_rehearsal": is_rehearsal,
        "banner": both("演练数据,单位均为虚构", "Rehearsal data, every party is invented")
        if is_rehearsal
        else both("", ""),
        "provenance": made,
        "sources": SOURCES,
    }


def results(*, is_rehearsal: bool = False) -> dict[str, dict[str, Any]]:
    makers = {"advice": advice, "diagnose": diagnose, "match": match, "meet": meet, "track": track}
    return {name: {**head(is_rehearsal), **make()} for name, make in makers.items()}


def diagnose() -> dict[str, Any]:
    return {
        "regions": [{"code": A, "name": both("甲市", "Alpha")}, {"code": B, "name": both("乙区", "Beta")}],
        "coverage": [coverage(code) for code in (A, B)],
        "specialization": sorted((row for code in (A, B) for row in quotients(code)), key=lambda row: -row["quotient"]),
        "similarity": {"cosine": 0.412345, "krugman": 1.2, "finger_kreinin": 0.4},
        "links": [link(at) for at in range(14)],
        "chains": [chain("one"), chain("two")],
        "inside_class": [inside(at) for at in range(3)],
        "risks": [reason("query_failed", problem="两地同强")],
        "missing": [],
    }


def coverage(code: str) -> dict[str, Any]:
    return {
        "region": code,
        "n_firms": 5240,
        "n_coded": 4980,
        "coded_share": 0.950382,
        "first_year": 1980,
        "last_year": 2019,
        "missing_years": [2009, 2011, 2012, 2013],
        "note": None,
    }


def quotients(code: str) -> list[dict[str, Any]]:
    return [
        {
            "region": code,
            "industry": key,
            "name": both(zh, en),
            "n_firms": float(10 + at),
            "quotient": (8.0 if code == A else 5.0) / (at + 1),
            "low": 4.0 / (at + 1),
            "high": None if at == 23 else 12.0 / (at + 1),
            "is_significant": at < 4,
            "witness": {
                "sector": "x",
                "name": both("某部门", "A sector"),
                "quotient": 1.37,
                "year": "2017",
                "region": code,
            }
            if at % 2
            else None,
        }
        for at, (key, zh, en) in enumerate(INDUSTRIES)
    ]


def link(at: int) -> dict[str, Any]:
    first, second = (A, B) if at % 2 else (B, A)
    (key_a, zh_a, en_a), (key_b, zh_b, en_b) = INDUSTRIES[at], INDUSTRIES[at + 3]
    return {
        "supplier_region": first,
        "buyer_region": second,
        "supplier_industry": key_a,
        "buyer_industry": key_b,
        "supplier_name": both(zh_a, en_a),
        "buyer_name": both(zh_b, en_b),
        "score": 0.0712 / (at + 1),
        "parts": {"supplier_strength": 0.7, "input_share": 0.13, "buyer_strength": 0.78},
        "firms": {first: [firm(first, at), firm(first, at + 1)], second: [firm(second, at)]},
        "n_firms": {first: 2, second: 1},
        "reasons": [
            reason("match_for_text", 0.5, words="鞋", term={"zh": "文字", "en": "Text"}),
            reason("match_against_industry", 0.1, False, need="a", offer="b"),
        ],
    }


def chain(key: str) -> dict[str, Any]:
    stages = [
        {
            "key": stage,
            "name": both(zh, en),
            "n_firms": {A: 12 * at, B: 30 - 9 * at},
            "share": {A: 0.1, B: 0.2},
            "quotient": {A: 0.5 * at, B: 1.4},
            "firms": {A: [firm(A, n) for n in range(at)], B: [firm(B, 7)]},
        }
        for at, (stage, zh, en) in enumerate(STAGES)
    ]
    links = [{"supplier": a[0], "buyer": b[0], "why": both("供给", "feeds")} for a, b in pairwise(STAGES)]
    gap = {
        "kind": "weaker",
        "basis": "count",
        "region": A,
        "stage": "material",
        "partner": B,
        "n_partner_firms": 30,
        "firms": [firm(B, n) for n in range(3)],
        "reasons": [reason("match_for_trust")],
    }
    return {"key": key, "name": both(f"虚构链{key}", f"Chain {key}"), "stages": stages, "links": links, "gaps": [gap]}


def advice() -> dict[str, Any]:
    return {"opportunities": [opportunity(at) for at in range(8)], "n_candidates": 9, "warranty": {}, "tests": {}}


def opportunity(at: int) -> dict[str, Any]:
    """What two firms could do, the first of them the agreement's own example."""
    key, zh, en = INDUSTRIES[at]
    what = both(zh, en)
    ends = [
        {
            "region": code,
            "role": role,
            "what": [what],
            "n_firms": 3,
            "firms": [firm(code, at)],
            "others": [],
            "is_published": True,
            "is_open": False,
        }
        for code, role in ((A, "supplier"), (B, "buyer"))
    ]
    return {
        "key": f"supplies:{key}",
        "kind": "supplies",
        "title": reason(
            "opportunity_title_supplies", a=both("甲市", "Alpha"), what_a=[what], b=both("乙区", "Beta"), what_b=what
        ),
        "ends": ends,
        "ground": {"relation": "supplies", "why": what, "source": SOURCES[0], "share": 0.1},
        "reasons": [reason("opportunity_for_why", why=what)],
        "doubts": [reason("opportunity_doubt_unasked", False)],
        "size": reason("opportunity_size", region_a=both("甲市", ""), n_a=3, region_b=both("乙区", ""), n_b=3),
        "step": {
            "verb": "opportunity_step_supplies",
            "departments": {A: both("甲市商务局", "Alpha office"), B: both("乙区商务局", "Beta office")},
            "month": "2026-03",
            "clause": "c1",
            "told": {
                "code": "opportunity_step_supplies",
                "values": {
                    "month": both("2026年3月", "2026-03"),
                    "dept_a": both("甲市商务局", "Alpha office"),
                    "dept_b": both("乙区商务局", "Beta office"),
                    "n_a": 3,
                    "n_b": 3,
                },
                "is_for": True,
            },
        },
        "score": 9.0 - at,
        "is_example": at == 0,
        "level": "unverified",
        "missing": ["test"],
    }


def inside(at: int) -> dict[str, Any]:
    pair = {
        "word_a": "男装",
        "word_b": "女装",
        "region_a": A,
        "region_b": B,
        "firms": {A: [firm(A, 1)], B: [firm(B, 2)]},
    }
    words = [
        {"word": word, "n": {A: 9 - n, B: n}, "share": {A: (9 - n) / 20, B: n / 20}}
        for n, word in enumerate(("男装", "运动装", "童装", "女装"))
    ]
    key, zh, en = INDUSTRIES[at]
    score = None if at == 2 else 0.8 - at / 10
    return {
        "industry": key,
        "name": both(zh, en),
        "complement_score": score,
        "words": words,
        "pairs": [pair] if score else [],
        "reasons": [],
    }


def listing(at: int, role: str) -> dict[str, Any]:
    side = A if (at % 2 == 0) == (role == "need") else B
    party = firm(side, at)
    return {
        "title": f"=SUM(A1:A9) 第{at}号{role}" if at == 0 else f"第{at}号{role}",
        "details": "",
        "party": party["id"],
        "party_name": party["name"],
        "region": side,
        "kind": "supply",
        "role": role,
        "industry": "1001",
        "basis": "derived" if at % 3 == 0 else "published",
        "source": SOURCES[at % 2],
    }


def match() -> dict[str, Any]:
    pairs = [
        {
            "id": f"supply:{at}",
            "need": f"n{at}",
            "offer": f"o{at}",
            "score": 0.9 - at / 40,
            "rank": 1,
            "is_assigned": at < 10,
            "price": 0.0,
            "reasons": [
                reason("match_for_text", 0.4, words="鞋面", term={"zh": "文字", "en": "Text"}),
                reason("match_need_inferred", 0.0, False),
            ],
        }
        for at in range(12)
    ]
    unmatched = [{"need": "n11", "removed": [{"rule": "price", "n": 3}], "relaxation": None}]
    kind = {
        "kind": "supply",
        "version": 1,
        "name": both("供应链配套", "Supply chain"),
        "clauses": ["c1"],
        "n_needs": 12,
        "n_offers": 12,
        "n_pairs": 40,
        "matches": pairs,
        "ideas": [],
        "unmatched": unmatched,
    }
    shown = {f"{role[0]}{at}": listing(at, role) for at in range(12) for role in ("need", "offer")}
    return {"listings": shown, "kinds": [kind]}


def meet() -> dict[str, Any]:
    slots = [
        {
            "key": f"s{at}",
            "starts_at": f"2026-03-02T{9 + at:02d}:00+08:00",
            "ends_at": f"2026-03-02T{9 + at:02d}:40+08:00",
        }
        for at in range(4)
    ]
    people = [
        {"id": firm(side, at)["id"], "name": firm(side, at)["name"], "region": side}
        for at in range(12)
        for side in (A, B)
    ]
    meetings = [
        {
            "id": f"m{at}",
            "match": f"supply:{at}",
            "kind": "supply",
            "people": [f"{A}-{at}", f"{B}-{at}"],
            "slot": f"s{at % 4}",
            "table": f"t{at // 4 + 1}",
            "starts_at": slots[at % 4]["starts_at"],
            "ends_at": slots[at % 4]["ends_at"],
            "score": 0.9 - at / 40,
        }
        for at in range(8)
    ]
    return {
        "status": "optimal",
        "objective": 6.2,
        "bound": 6.2,
        "gap": 0.0,
        "breaks": 0,
        "n_placed": 8,
        "n_requested": 9,
        "on": "2026-03-02",
        "place": "甲市会场",
        "is_proposal": True,
        "slots": slots,
        "tables": [{"key": f"t{at}", "capacity": 1} for at in (1, 2)],
        "people": people,
        "meetings": meetings,
        "unplaced": [{"id": "m8", "match": "supply:8", "reasons": [reason("meet_no_slots")]}],
    }


def track() -> dict[str, Any]:
    return {
        "as_of": "2026-02-01",
        "signed_on": "2023-01-01",
        "sides": [
            {"code": A, "name": both("甲市", "Alpha"), "short": both("甲", "Alpha")},
            {"code": B, "name": both("乙区", "Beta"), "short": both("乙", "Beta")},
        ],
        "areas": [{"key": key, "title": both(zh, en)} for key, zh, en in AREAS],
        "departments": [
            {
                "key": f"office-{side}",
                "side": side,
                "name": both("虚构局", "Office"),
                "domain": both("", ""),
                "verification": "未核",
            }
            for side in (A, B)
        ],
        "clauses": [clause(at) for at in range(1, 18)],
    }


def clause(at: int) -> dict[str, Any]:
    light = ("grey", "green", "amber", "red")[at % 4]
    milestone = {
        "key": "m",
        "name": both("开会", "Meet"),
        "evidence": ["minutes"],
        "due_on": "",
        "state": "done",
        "done_on": "2025-01-02",
    }
    todo = {**milestone, "key": "n", "name": both("签约", "Sign"), "state": "open", "done_on": ""}
    action = {
        "key": "act",
        "name": both("共建清单", "Make a list"),
        "template": "policy-item",
        "state": "handling",
        "state_name": both("办理", "In hand"),
        "due_on": "2026-06-30" if at % 2 else "",
        "light": light,
        "milestones": [milestone, todo],
    }
    indicator = {
        "key": "i",
        "name": both("对接数", "Matches"),
        "measure": "count",
        "unit": "件",
        "direction": "up",
        "baseline": None,
        "target": None if at % 2 else 10,
        "actual": float(at),
        "progress": "",
        "light": light,
    }
    reported = light != "grey"
    return {
        "key": f"c{at}",
        "number": at,
        "area": AREAS[at % 2][0],
        "title": both(f"第{at}项虚构合作内容", f"Invented item {at}"),
        "is_text_published": False,
        "text": both("", ""),
        "lead": {A: [f"office-{A}"], B: [f"office-{B}"]},
        "support": {A: [], B: []},
        "assignment": "proposal",
        "light": light,
        "reasons": [reason("track_nobody_reported", is_for=False)],
        "kinds": ["supply"],
        "actions": [action] if reported else [],
        "indicators": [indicator],
        "chain": dict.fromkeys(NODES, at) if reported else {},
        "n_cases": at,
        "n_refused": 1,
        "n_matches": 3,
    }
