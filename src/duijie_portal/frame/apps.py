"""The frame as a Django app: what follows from an append over all sections is registered once, at start."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["FrameConfig"]


class FrameConfig(AppConfig):
    name = "duijie_portal.frame"

    def ready(self) -> None:
        from . import listeners  # noqa: F401 - it registers itself
