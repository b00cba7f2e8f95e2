"""What holds for every test: no deadline on shared machines, shared data found or skipped by name, no silent skips."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")

BROWSERS = "tests/e2e/"
# A run of more seconds than this says which files took them.
_LONG = 60

os.environ.setdefault("DUIJIE_SHARED", str(Path(__file__).parents[2] / "shared"))


_SECONDS: Counter[str] = Counter()


class Diary:
    """A failure is named when it happens, not an hour later; and each file's time is kept."""

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter = reporter

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        _SECONDS[report.nodeid.partition("::")[0]] += report.duration
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            self._reporter.write_line(f"\nFAILED {report.nodeid} ({report.when}): {crash or ''}"[:600], red=True)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Diary(reporter))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Where the time went; where nothing may be skipped (``DUIJIE_NO_SKIPS=1``), that skipped tests fail the run."""
    if _SECONDS.total() > _LONG:
        named = (f"{seconds:.0f} s {name.removeprefix('tests/')}" for name, seconds in _SECONDS.most_common(60))
        terminalreporter.write_line(f"{_SECONDS.total():.0f} s in all: {', '.join(named)}")
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
