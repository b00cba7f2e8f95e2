"""Each kind of table from each form of file: a plausible office export under Chinese headings, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from tests.intake.office_files import FORMS, Rows

from duijie.intake import read_table
from duijie.intake.headings import guess_kind
from duijie.intake.layouts import kinds
from duijie.sheets import sheets

GOOD = "9135058215626570X3"
# Heading and two rows of each kind; what the first row must come to.
EXPORTS: dict[str, tuple[Rows, dict[str, object]]] = {
    "firms": (
        [
            [
                "企业名称",
                "统一社会信用代码",
                "行政区划代码",
                "国民经济行业代码",
                "注册资本（万元）",
                "成立日期",
                "从业人数",
                "经营范围",
            ],
            ["甲鞋业有限公司", GOOD, "350582", "1952", 500, "2019年4月1日", 320, "鞋制造；鞋材销售"],
            ["乙服装有限公司", None, "440309", "C181", "1,200", "2020/5/6", 15, "服装制造"],
        ],
        {
            "name": "甲鞋业有限公司",
            "uscc": GOOD,
            "region": "350582",
            "industry": "1952",
            "capital": 5e6,
            "capital_currency": "CNY",
            "registered_on": "2019-04-01",
            "employees": 320.0,
        },
    ),
    "institutions": (
        [
            ["机构名称", "机构类别", "区划代码", "研究方向", "仪器设备"],
            ["某研究院", "新型研发机构", "350582", "材料、制鞋", "电镜；3D打印机"],
            ["某检测中心", "检测", "440309", "电子", None],
        ],
        {"name": "某研究院", "form": "新型研发机构", "fields": ["材料", "制鞋"], "equipment": ["电镜", "3D打印机"]},
    ),
    "carriers": (
        [
            ["单位名称", "载体类型", "行政区划代码", "可用面积（万平方米）", "工位数", "主导产业"],
            ["某园区", "孵化器", "350582", 1.5, 200, "鞋服、智能装备"],
            ["某产业园", "园区", "440309", "2", None, "电子信息"],
        ],
        {"name": "某园区", "space": 15000.0, "seats": 200.0, "focus": ["鞋服", "智能装备"]},
    ),
    "funds": (
        [
            ["名称", "基金类型", "区域代码", "基金规模（亿元）", "投资领域"],
            ["某产业基金", "母基金", "350582", 10, "新材料；医疗健康"],
            ["某创投", "创投", "440309", "5亿港元", None],
        ],
        {"name": "某产业基金", "size": 1e9, "size_currency": "CNY", "focus": ["新材料", "医疗健康"]},
    ),
    "needs": (
        [
            ["需求编号", "需求单位", "需求名称", "需求类型", "预算（万元）", "有效期至", "区划代码"],
            ["X1", "甲公司", "轻质鞋底材料", "research", 80, "2027-12-31", "350582"],
            ["X2", "乙公司", "贷款", "capital", "约500", None, "440309"],
        ],
        {"party": "甲公司", "title": "轻质鞋底材料", "kind": "research", "amount": 8e5, "valid_until": "2027-12-31"},
    ),
    "offers": (
        [
            ["供给单位", "供给名称", "供给类型", "供给内容", "区划代码"],
            ["某研究院", "发泡工艺", "research", "可转让", "440309"],
            ["某园区", "标准厂房", "carrier", None, "350582"],
        ],
        {"party": "某研究院", "title": "发泡工艺", "kind": "research", "details": "可转让"},
    ),
    "statistics": (
        [
            ["指标名称", "行业", "本期值", "计量单位", "年份", "地区代码"],
            ["工业总产值", "鞋业", 1234.5, "亿元", "2025", "350582"],
            ["企业数", "电子", "3,000", "家", "2025年", "440309"],
        ],
        {"indicator": "工业总产值", "subject": "鞋业", "value": 1234.5, "unit": "亿元", "as_of": "2025"},
    ),
    "rail": (
        [
            ["始发站", "终到站", "线路名称", "车次", "最短用时（小时）", "日列数"],
            ["晋江", "深圳北", "福厦线", "G1", 2.5, 30],
            ["晋江", "深圳东", None, "D2", "4", 3],
        ],
        {"origin": "晋江", "destination": "深圳北", "train": "G1", "fastest": 150.0, "trains": 30.0},
    ),
    "streams": (
        [
            ["产废单位", "供需", "物料名称", "年产生量（吨）", "区划代码"],
            ["甲公司", "产生", "边角料", 120, "350582"],
            ["乙公司", "利用", "废塑料", "3,000", "440309"],
        ],
        {"party": "甲公司", "role": "offer", "material": "边角料", "flow": 120.0},
    ),
    "sites": (
        [
            ["名称", "用地类型", "行政区划代码", "占地面积（亩）", "层高（米）", "变压器容量（kVA）", "交付时间"],
            ["一号地块", "工业用地", "350582", 30, 6, None, "2027年3月"],
            ["二号厂房", "厂房", "440309", "12亩", 4.5, None, None],
        ],
        {
            "name": "一号地块",
            "area": pytest.approx(20_000, rel=1e-3),
            "storey_height": 6.0,
            "available_from": "2027-03",
        },
    ),
    "talents": (
        [
            ["供需", "用人单位", "岗位名称", "人才层次", "学历要求", "需求人数", "年薪（万元）"],
            ["招聘", "甲公司", "鞋类设计", "C类", "本科", 3, 20],
            ["人才", None, "材料工程", None, "博士", None, None],
        ],
        {"role": "need", "party": "甲公司", "field": ["鞋类设计"], "people": 3.0, "pay": 2e5},
    ),
}


def test_there_is_an_export_for_every_kind() -> None:
    assert set(EXPORTS) == set(kinds())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", EXPORTS)
def test_an_export_is_read(tmp_path: Path, kind: str, form: str) -> None:
    rows, first = EXPORTS[kind]
    path = FORMS[form](tmp_path / "export", _with_origin(rows, kind))
    found = read_table(path, kind, today=date(2026, 11, 23), is_coded=False)
    assert found.n_faults == 0, found.faults
    assert (found.n_rows, found.unknown) == (2, ())
    row, other = found.to_arrow().to_pylist()
    assert {key: row[key] for key in first} == first
    assert (row["source_file"], row["source_row"], other["source_row"]) == (path.name, 2, 3)
    for one in (row, other):
        assert one["source"]
        assert one["as_of"]
        assert one["confidences"] is not None


@pytest.mark.parametrize("kind", sorted({*EXPORTS} - {"offers"}))
def test_its_kind_is_guessed(tmp_path: Path, kind: str) -> None:
    path = FORMS["xlsx"](tmp_path / "export", EXPORTS[kind][0])
    assert guess_kind(list(sheets(path)[0].rows())) == kind


def _with_origin(rows: Rows, kind: str) -> list[Sequence[object]]:
    """The export with the columns that say whose data it is and of when."""
    more = ["数据来源"] if kind == "statistics" else ["数据来源", "数据日期"]
    said = ["某局", "2026-06"][: len(more)]
    return [[*rows[0], *more], *([*row, *said] for row in rows[1:])]
