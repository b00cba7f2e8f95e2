"""Every kind of table finds its home: with the fields of its kind, seen where it belongs, persons kept apart."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.urls import reverse
from import_tables import FIRMS, faults, send, take
from planted import reopened
from portal_checks import check_act, check_page, post

from duijie.data.words import words
from duijie.errors import DeniedError, InputError
from duijie.match.kinds import load_kinds
from duijie_portal.ledger import checking
from duijie_portal.ledger.models import Listing, Party, Record
from duijie_portal.match import fact_services, import_selectors, import_services
from duijie_portal.match.import_tables import KINDS

STATISTICS = [["指标", "行业", "数值", "单位", "年份"], ["规上工业增加值", "鞋服", "约120.5", "亿元", "2024"]]
RAIL = [["始发站", "终到站", "车次", "最快用时(分钟)", "日列数"], ["甲站", "乙站", "G1", "180", "6"]]
STREAMS = [
    ["单位名称", "供需", "物料名称", "年产生量(万吨)", "余热量(兆瓦时)"],
    [FIRMS[1][0], "供给", "废旧布料", "0.5", "1200"],
]
SITES = [
    ["名称", "面积(亩)", "楼面承重(千克/平方米)", "日供水量(立方米)", "层高(米)", "准入行业"],
    ["某某标准厂房", "3", "800", "50", "6", "鞋服、电子"],
]
TALENTS = [
    ["供需", "用人单位", "专业领域", "人才层次", "学历", "人数", "年薪(万元)", "姓名", "备注"],
    ["岗位", FIRMS[1][0], "鞋楦设计", "", "本科", "3", "20", "", ""],
    ["人才", "丙大学", "高分子材料", "省级", "博士研究生", "", "50", "张某", "可电话联系"],
]

pytestmark = pytest.mark.usefixtures("fresh_imports")


@pytest.fixture
def here(person: Any, sides: Any) -> Any:
    return person(f"coordinator-{sides[0].pk}")


def test_every_kind_the_intake_reads_can_be_sent(agreement: Any, coordinator: Any) -> None:
    page = coordinator.get(reverse("imports_json", args=[agreement.pk])).json()
    assert {one["key"] for one in page["kinds"]} == set(KINDS)
    assert {"statistics", "rail", "streams", "sites", "talents"} < set(KINDS)


@pytest.mark.parametrize(("kind", "rows"), [("statistics", STATISTICS), ("rail", RAIL)])
def test_facts_are_seen_with_their_source_and_only_once(
    kind: str, rows: list[list[str]], agreement: Any, sides: Any, here: Any, as_person: Any
) -> None:
    table = take(here, agreement, kind, *rows, as_of=date(2025, 6, 30))
    _, document = check_page("import", agreement, as_person, sides, table=table.pk)
    assert len(document["rows"]) == 1
    path = reverse("facts", args=[agreement.pk])
    shown = as_person(f"coordinator-{sides[0].pk}").get(f"{path}?kind={kind}").content.decode()
    assert rows[1][0] in shown
    assert "部门台账" in shown
    [fact] = as_person(f"coordinator-{sides[0].pk}").get(f"{path[:-1]}.json?kind={kind}").json()["facts"]
    assert fact["source"]["as_of"] == ("2024" if kind == "statistics" else "2025-06-30")
    assert fact["source"]["confidences"] == ({"value": 0.8} if kind == "statistics" else {})
    there = as_person(f"coordinator-{sides[1].pk}").get(f"{path[:-1]}.json?kind={kind}").json()
    assert there["facts"] == [], "not before its release"
    assert faults(send(here, agreement, kind, *rows, as_of=date(2025, 6, 30))) == ["portal_import_there"]
    assert faults(send(here, agreement, kind, *rows, as_of=date(2025, 6, 30), source="另一来源")) == []


def test_facts_page(agreement: Any, sides: Any, as_person: Any) -> None:
    html, _ = check_page("facts", agreement, as_person, sides)
    assert words("zh")["portal_facts_none"] in html
    check_page("organisations", agreement, as_person, sides)


def test_streams_become_listings_of_their_kind(agreement: Any, here: Any) -> None:
    take(here, agreement, "firms", *FIRMS)
    take(here, agreement, "streams", *STREAMS)
    made = Listing.objects.get(agreement=agreement, kind="green", party__name=FIRMS[1][0])
    assert (made.role, made.payload["stream"], made.payload["quantity_t_year"]) == ("offer", "废旧布料", 5000)
    assert "1,200" in made.payload["amount_text"]
    assert load_kinds()["green"].check("offer", made.payload) == ()
    unsaid = [["单位名称", "物料名称"], [FIRMS[1][0], "边角料"]]
    assert "portal_import_no_role" in faults(send(here, agreement, "streams", *unsaid))


def test_a_site_brings_its_place_along(agreement: Any, here: Any) -> None:
    take(here, agreement, "sites", *SITES)
    made = Listing.objects.get(agreement=agreement, kind="site", party__name="某某标准厂房")
    assert made.party.kind == "carrier"
    assert made.payload["area_m2"] == pytest.approx(2000)
    assert (made.payload["floor_load_t_m2"], made.payload["water_t_day"]) == (0.8, 50)
    assert made.payload["products"] == ["鞋服", "电子"]
    assert "层高 6" in made.payload["details"]
    assert load_kinds()["site"].check("offer", made.payload) == ()
    assert faults(send(here, agreement, "sites", *SITES)) == ["portal_import_there"]


def test_a_person_stands_there_without_name_employer_or_remark(
    agreement: Any, sides: Any, here: Any, as_person: Any, person: Any
) -> None:
    take(here, agreement, "firms", *FIRMS)
    with pytest.raises(InputError, match="portal_import_consent_missing"):
        send(here, agreement, "talents", *TALENTS)
    table = take(here, agreement, "talents", *TALENTS, has_consent=True)
    post_row, offer = (
        Listing.objects.get(agreement=agreement, source__import=table.pk, role=r) for r in ("need", "offer")
    )
    assert (post_row.party.name, post_row.payload["posts_n"], post_row.payload["degree"]) == (
        FIRMS[1][0],
        3,
        "bachelor",
    )
    assert (offer.party.kind, offer.payload["degree"], offer.payload["salary_cny_year"]) == (
        "talent",
        "doctor",
        500_000,
    )
    kept = str(offer.payload) + str(offer.source) + offer.party.name + str(offer.party.payload)
    assert not any(word in kept for word in ("张某", "丙大学", "电话"))
    assert table.payload["has_consent"] is True
    reopened(offer, "both")
    there = as_person(f"coordinator-{sides[1].pk}").get(
        reverse("listings_json", args=[agreement.pk]), {"kind": "talent"}
    )
    [seen] = [one for one in there.json()["listings"] if one["id"] == offer.pk]
    assert "salary_cny_year" not in seen["payload"], "told only once matched"
    assert "file" not in seen["source"]


def test_a_person_is_erased_and_the_log_still_verifies(
    agreement: Any, sides: Any, here: Any, as_person: Any, person: Any
) -> None:
    take(here, agreement, "firms", *FIRMS)
    table = take(here, agreement, "talents", *TALENTS, has_consent=True)
    offer = Listing.objects.get(agreement=agreement, source__import=table.pk, role="offer")
    with pytest.raises(DeniedError, match="portal_other_side_owns"):
        fact_services.erase_talent(person(f"coordinator-{sides[1].pk}"), offer)
    with pytest.raises(DeniedError, match="portal_talent_none"):
        fact_services.erase_talent(here, Listing.objects.get(source__import=table.pk, role="need"))
    answer = post(as_person(here.username), "erase_talent", agreement, {"key": offer.pk})
    assert words("zh")["portal_talent_erased"] in answer.content.decode()
    offer.refresh_from_db()
    assert (offer.payload, "salt" in offer.source, offer.party.payload) == ({}, False, {})
    [(_, verdict)] = checking.check([agreement.pk])
    assert verdict.holds
    check_act("erase_talent", agreement, as_person)


NEEDS = ["对接类型", "单位名称", "标题", "所需面积(亩)", "楼面荷载", "用工", "排放类型", "所需技能"]


def test_fields_of_a_kind_are_kept_and_checked(agreement: Any, here: Any, as_person: Any, sides: Any) -> None:
    take(here, agreement, "firms", *FIRMS)
    name = load_kinds()["site"].name.zh
    row = send(here, agreement, "needs", NEEDS, [name, FIRMS[1][0], "要厂房", "15", "0.8", "一些", "废水", ""])
    assert faults(row) == ["quantity_unit"]
    _, document = check_page("import", agreement, as_person, sides, table=row.pk)
    assert {one["heading"]: one["basis"] for one in document["columns"]}["所需面积(亩)"] == "kind"
    assert [one["where"]["column"] for one in document["faults"]] == ["用工"]
    take(here, agreement, "needs", NEEDS, [name, FIRMS[1][0], "要厂房", "15", "0.8", "120", "废水、废气", "制鞋"])
    made = Listing.objects.get(agreement=agreement, kind="site", role="need", party__name=FIRMS[1][0])
    assert made.payload["area_m2"] == pytest.approx(10_000)
    assert (made.payload["workers_n"], made.payload["emissions"]) == (120, ["废水", "废气"])
    assert made.source["others"] == {"所需技能": "制鞋"}, "what this kind has no field for is not lost"


def test_a_column_is_chosen_for_a_field_of_a_kind_and_remembered(agreement: Any, here: Any) -> None:
    take(here, agreement, "firms", *FIRMS)
    name = load_kinds()["site"].name.zh
    rows = [["对接类型", "单位名称", "标题", "多大"], [name, FIRMS[1][0], "要厂房", "900"]]
    row = send(here, agreement, "needs", *rows)
    row = import_services.map_columns(
        here, row, chosen={"对接类型": "kind", "单位名称": "party", "标题": "title", "多大": "field:area_m2"}
    )
    assert row.payload["mapping"] == {"多大": "field:area_m2"}
    import_services.drop(here, row)
    again = send(here, agreement, "needs", *rows)
    assert again.payload["is_remembered"]
    import_services.take(here, again)
    assert Listing.objects.get(agreement=agreement, source__import=again.pk).payload["area_m2"] == 900


def test_another_table_entering_meanwhile_is_seen(agreement: Any, here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (send(here, agreement, "firms", *FIRMS) for _ in "ab")
    enter = import_services._enter
    done: list[int] = []

    def overtaken(person: Any, row: Record, *given: Any) -> bool:
        if not done:
            done.append(0)
            import_services.take(here, second)
        return enter(person, row, *given)

    n_before = Party.objects.count()
    monkeypatch.setattr(import_services, "_enter", overtaken)
    with pytest.raises(InputError, match="portal_import_faults"):
        import_services.take(here, first)
    assert Party.objects.count() == n_before + 2
    assert faults(first) == ["portal_import_there"] * 2


def test_a_look_cut_short_can_be_taken_up_again(
    agreement: Any, here: Any, as_person: Any, sides: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(row: Record) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(import_services, "_begin", killed)
        with pytest.raises(KeyboardInterrupt):
            send(here, agreement, "firms", *FIRMS)
    row = Record.objects.get(kind="import", agreement=agreement)
    html, _ = check_page("import", agreement, as_person, sides, table=row.pk)
    assert words("zh")["portal_import_unchecked"] in html
    post(as_person(here.username), "map_import", agreement, {"heading": "", "key": ""}, table=row.pk)
    assert import_services.take(here, row) == 2
    assert import_selectors.taken_rows(row).count() == 2


def test_headings_that_read_alike_are_told_apart(agreement: Any, here: Any, as_person: Any) -> None:
    head = ["企业名称", "注册资本(万元)", "注册资本(万美元)", "主要产品", "主要产品"]
    rows = [head, ["辛厂", "100", "14", "鞋", "布"]]
    row = send(here, agreement, "firms", *rows)
    assert faults(row) == ["column_twice", "column_twice"]
    columns = import_selectors.checked(row)["columns"]
    assert [one["name"] for one in columns] == [*head[:4], "@5"]
    assert [one["basis"] for one in columns] == ["alias", "alias", "twice", "alias", "twice"]
    chosen = {head[0]: "name", head[1]: "", head[2]: "capital", head[3]: "", "@5": "products"}
    row = import_services.map_columns(here, row, chosen=chosen)
    assert faults(row) == []
    import_services.take(here, row)
    made = Party.objects.get(name="辛厂")
    assert (made.payload["capital"], made.payload["capital_currency"]) == (140_000, "USD")
    assert made.payload["products"] == ["布"]
    again = send(here, agreement, "firms", head, ["壬厂", "200", "28", "帽", "袜"])
    assert again.payload["is_remembered"]
    assert faults(again) == []


def test_a_table_that_others_overtake_each_time_enters_under_the_lock(
    agreement: Any, sides: Any, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = iter(range(100))
    monkeypatch.setattr(import_selectors, "ledger_mark", lambda row: next(marks))
    table = take(person(f"coordinator-{sides[0].pk}"), agreement, "firms", *FIRMS)
    assert (table.state, table.payload["n_made"]) == ("taken", 2)
    assert Party.objects.filter(pk__startswith=f"{table.pk}-").count() == 2
    [(_, verdict)] = checking.check([agreement.pk])
    assert verdict.holds


def test_a_pay_in_another_currency_is_not_dropped(agreement: Any, here: Any) -> None:
    """There is no conversion: the row is a fault, not a post without a pay."""
    take(here, agreement, "firms", *FIRMS)
    heading, post_, person_ = TALENTS
    rows = [heading, [*post_[:6], "2万美元", *post_[7:]], [*person_[:6], "3万港元", *person_[7:]]]
    assert faults(send(here, agreement, "talents", *rows, has_consent=True)) == ["money_foreign", "money_foreign"]
