"""Boundary lines for maps: only from a file that a side brings, checked and cut down to its rings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from duijie.data.documents import json_value
from duijie.errors import InputError
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.keeping import drop, keep
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.services import own_side, owner_only

from ..models import Outline
from .common import both_sides

__all__ = ["add_outline", "drop_outline", "rings"]

_MOST_BYTES = 2 * 1024 * 1024
_MOST_POINTS = 40_000
_MOST_DEPTH = 6


@write("visit.record")
def add_outline(
    person: Person, agreement: Agreement, *, file: UploadedFile[Any], name: str, approval: str = ""
) -> Outline:
    """Keep the boundary lines of a GeoJSON file (RFC 7946); nothing else of the file is kept.

    Raises
    ------
    InputError
        Too large, no GeoJSON, or without an area.
    """
    content = file.read(_MOST_BYTES + 1)
    if not content or len(content) > _MOST_BYTES:
        raise InputError("portal_file_size", {"n_bytes": len(content), "most": _MOST_BYTES})
    row = Outline(agreement=agreement, side_id=own_side(person), name=name, approval=approval, **both_sides())
    row.lines = rings(content)
    keep(person, row, "outline.added")
    return row


@write("visit.record")
def drop_outline(person: Person, outline: Outline) -> None:
    """Take one's own side's boundary lines off the maps."""
    owner_only(person, outline)
    drop(person, outline, "outline.dropped")


def rings(content: bytes) -> list[list[list[float]]]:
    """The rings of all polygons of a GeoJSON document, as [longitude, latitude] with 5 decimals (about a metre).

    >>> rings(b'{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}')
    [[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]]

    Raises
    ------
    InputError
        It is no GeoJSON with at least one polygon, a coordinate lies outside the globe, or there are too many points.
    """
    try:
        document = json_value(content.decode("utf-8-sig"))
        found = [_ring(one) for one in _polygon_rings(document, 0)]
    except InputError as error:
        raise InputError("portal_meet_outline_wrong", faults=error.faults) from None
    except (UnicodeDecodeError, ValueError, TypeError, KeyError, OverflowError):
        raise InputError("portal_meet_outline_wrong") from None
    n = sum(map(len, found))
    if not found or n > _MOST_POINTS:
        raise InputError("portal_meet_outline_points", {"n": n, "most": _MOST_POINTS})
    return found


def _polygon_rings(value: Any, depth: int) -> Iterator[Any]:
    if depth > _MOST_DEPTH:
        raise ValueError
    kind = value["type"]
    if kind == "FeatureCollection":
        for one in value["features"]:
            yield from _polygon_rings(one, depth + 1)
    elif kind == "Feature":
        if value["geometry"] is not None:
            yield from _polygon_rings(value["geometry"], depth + 1)
    elif kind == "GeometryCollection":
        for one in value["geometries"]:
            yield from _polygon_rings(one, depth + 1)
    elif kind == "Polygon":
        yield from value["coordinates"]
    elif kind == "MultiPolygon":
        for polygon in value["coordinates"]:
            yield from polygon
    elif kind not in ("Point", "MultiPoint", "LineString", "MultiLineString"):
        raise ValueError


def _ring(points: Any) -> list[list[float]]:
    ring = [[round(float(lon), 5), round(float(lat), 5)] for lon, lat, *_ in points]
    if len(ring) < 4 or not all(-180 <= lon <= 180 and -90 <= lat <= 90 for lon, lat in ring):
        raise ValueError
    return ring
