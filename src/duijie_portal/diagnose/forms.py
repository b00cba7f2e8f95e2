"""What a person may suppose."""

from __future__ import annotations

from django import forms

from duijie.diagnose.scenario import Change

__all__ = ["N_CHANGES", "ScenarioForm"]

N_CHANGES = 4
_MOST = 1e12  # of any count


class ScenarioForm(forms.Form):
    """A name, a note, and up to four changes: how much of an industry leaves a side or arrives at one."""

    name = forms.CharField(max_length=120)
    note = forms.CharField(max_length=1000, required=False)
    before = forms.CharField(max_length=80, required=False)

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        for at in range(N_CHANGES):
            self.fields[f"industry_{at}"] = forms.SlugField(max_length=8, required=False)
            self.fields[f"amount_{at}"] = forms.FloatField(min_value=0, max_value=_MOST, required=False)
            self.fields[f"origin_{at}"] = forms.SlugField(max_length=12, required=False)
            self.fields[f"destination_{at}"] = forms.SlugField(max_length=12, required=False)

    def clean(self) -> dict[str, object]:
        """The rows that name an industry, as changes."""
        found = super().clean() or {}
        rows = [{name: found.pop(f"{name}_{at}", None) for name in Change.__slots__} for at in range(N_CHANGES)]
        found["changes"] = [
            Change(row["industry"], row["amount"] or 0.0, row["origin"] or "", row["destination"] or "")
            for row in rows
            if row["industry"]
        ]
        return found
