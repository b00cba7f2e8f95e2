"""The built-in agreements run once for every test of the line."""

from datetime import date
from pathlib import Path

import pytest

from duijie import agenda, data

AS_OF = date(2026, 11, 23)
BUILT_IN = sorted(path.parent.name for path in (data.root() / "agreements").glob("*/agreement.yaml"))


@pytest.fixture(scope="session", params=BUILT_IN)
def done(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[agenda.Agenda, Path]:
    """What the line makes of an agreement, and the folder it wrote into."""
    out = tmp_path_factory.mktemp("out")
    folder = data.root() / "agreements" / request.param
    return agenda.run(folder, out, as_of=AS_OF, with_report=False), out / request.param
