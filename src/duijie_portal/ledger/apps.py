"""The ledger as a Django app: who is told of what is registered once, at start."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["LedgerConfig"]


class LedgerConfig(AppConfig):
    name = "duijie_portal.ledger"

    def ready(self) -> None:
        from django.utils.module_loading import autodiscover_modules

        from . import desk_notices, handover  # noqa: F401 - they register themselves

        autodiscover_modules("listeners")
