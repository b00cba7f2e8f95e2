"""The measures of an official document after GB/T 9704-2012, in one place for Word and PDF."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LAYOUT", "POINTS_A_MM", "Layout"]

POINTS_A_MM = 72 / 25.4


@dataclass(frozen=True, slots=True)
class Layout:
    """Page and type of an official document; lengths in millimetres or points as their suffix says.

    Notes
    -----
    The standard asks for 28 characters of 16 pt on a line of 156 mm, which holds 27.6 of them unset; like printers,
    we set each character a fifth of a point closer (`tracking_pt`), and each line at 225 mm / 22 (`line_pt`).
    """

    width_mm: float = 210
    height_mm: float = 297
    top_mm: float = 37
    binding_mm: float = 28
    text_width_mm: float = 156
    text_height_mm: float = 225
    n_lines: int = 22
    n_characters: int = 28
    body_pt: float = 16
    title_pt: float = 22
    page_number_pt: float = 14
    page_number_gap_mm: float = 7
    table_pt: float = 9.5
    note_pt: float = 9
    other_scale: float = 0.75

    def scale(self, language: str) -> float:
        """How large the text is set: the standard speaks of Chinese only, others run longer and are set smaller."""
        return 1.0 if language == "zh" else self.other_scale

    @property
    def outer_mm(self) -> float:
        """The margin opposite the binding edge."""
        return self.width_mm - self.binding_mm - self.text_width_mm

    @property
    def bottom_mm(self) -> float:
        """The margin below the text block."""
        return self.height_mm - self.top_mm - self.text_height_mm

    @property
    def line_pt(self) -> float:
        """The distance from one line to the next."""
        return self.text_height_mm * POINTS_A_MM / self.n_lines

    @property
    def character_pt(self) -> float:
        """The distance from one character to the next."""
        return self.text_width_mm * POINTS_A_MM / self.n_characters

    @property
    def tracking_pt(self) -> float:
        """What is added between characters; negative draws them closer."""
        return self.character_pt - self.body_pt


LAYOUT = Layout()
