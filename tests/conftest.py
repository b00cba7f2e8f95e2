"""What holds for every test: no deadline on shared machines, shared data found or skipped by name, no silent skips."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")

BROWSERS = "tests/e2e/"

os.environ.setdefault("DUIJIE_SHARED", str(Path(__file__).parents[2] / "shared"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Where nothing may be skipped (``DUIJIE_NO_SKIPS=1``), say that the skipped tests fail the run."""
    if _forbidden_skips(terminalreporter):
        terminalreporter.write_line("DUIJIE_NO_SKIPS=1: the skipped tests above fail this run", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not hasattr(session.config, "workerinput") and _forbidden_skips(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _forbidden_skips(reporter: pytest.TerminalReporter) -> bool:
    return os.environ.get("DUIJIE_NO_SKIPS") == "1" and bool(reporter.stats.get("skipped"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With ``--dist loadfile`` the files of the browsers stay together: they share a portal that is served."""
    from xdist.scheduler import LoadFileScheduling

    class Together(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return BROWSERS if nodeid.startswith(BROWSERS) else super()._split_scope(nodeid)

    return Together(config, log) if config.option.dist == "loadfile" else None
