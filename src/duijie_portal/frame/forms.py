"""The forms around the sections: accounts, and acts that need no fields."""

from django import forms

from duijie_portal.accounts.models import KEY_LENGTH, Role

__all__ = ["InviteForm", "Nothing", "SwitchForm"]


class Nothing(forms.Form):
    """Nothing to fill in: pressing the button is all."""


class InviteForm(forms.Form):
    """A new account of one's own side."""

    username = forms.SlugField(max_length=80)
    role = forms.ChoiceField(choices=Role.choices)
    name_zh = forms.CharField(max_length=80, required=False)
    name_en = forms.CharField(max_length=120, required=False)
    email = forms.EmailField(required=False)
    party = forms.CharField(max_length=KEY_LENGTH, required=False)
    department = forms.SlugField(max_length=80, required=False)


class SwitchForm(forms.Form):
    """Closing an account, or opening it again."""

    username = forms.SlugField(max_length=80)
    is_active = forms.BooleanField(required=False)
