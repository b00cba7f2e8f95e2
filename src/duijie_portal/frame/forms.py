"""The form of an act that needs no fields."""

from django import forms

__all__ = ["Nothing"]


class Nothing(forms.Form):
    """Nothing to fill in: pressing the button is all."""
