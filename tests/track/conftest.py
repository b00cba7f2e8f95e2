"""A small agreement and strategies of records, shared by the tests of tracking."""

from datetime import date, timedelta

import pytest
from hypothesis import strategies as st

from duijie.terms import (
    CHAIN,
    Action,
    Agreement,
    Area,
    Bilingual,
    Clause,
    Department,
    Indicator,
    Milestone,
    Region,
    Step,
)
from duijie.track.indicators import measures

SIDES = ("110000", "220000")
FIRST = date(2023, 1, 3)


def day(offset: int) -> str:
    return (FIRST + timedelta(offset)).isoformat()


steps = st.builds(
    Step,
    case=st.sampled_from(["a", "b", "c", "d"]),
    clause=st.sampled_from(["one", "two"]),
    kind=st.sampled_from([*CHAIN, "refused"]),
    on=st.integers(0, 900).map(day),
    side=st.sampled_from(SIDES),
    actor=st.just("actor"),
    amount=st.one_of(st.none(), st.floats(0, 1e9, allow_nan=False)),
    unit=st.sampled_from(["cny", "t", ""]),
    is_confirmed=st.booleans(),
)
records = st.lists(steps, max_size=25)
dates = st.integers(0, 900).map(lambda offset: FIRST + timedelta(offset))


@pytest.fixture(scope="session")
def agreement() -> Agreement:
    indicators = tuple(
        Indicator(measure, Bilingual(measure, measure), measure, "cny" if measure.endswith("amount") else "n")
        for measure in sorted(measures())
    )
    return Agreement(
        "small",
        Bilingual("小协议", "Small agreement"),
        tuple(Region(code, Bilingual(code, code)) for code in SIDES),
        FIRST.isoformat(),
        (Area("area", Bilingual("领域", "Area")),),
        tuple(_clause(number, key, indicators) for number, key in enumerate(("one", "two"), start=1)),
        tuple(Department(f"{side}-office", side, Bilingual(side), Bilingual("工业", "Industry")) for side in SIDES),
    )


def _clause(number: int, key: str, indicators: tuple[Indicator, ...]) -> Clause:
    milestone = Milestone("held", Bilingual("举行", "Held"), ("photo",))
    return Clause(
        key,
        number,
        "area",
        Bilingual(key, key),
        lead={side: (f"{side}-office",) for side in SIDES},
        indicators=indicators,
        actions=(Action("meet", Bilingual("对接", "Meet"), "policy-item", (milestone,)),),
    )
