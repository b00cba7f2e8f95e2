"""The pages of being told: one's own wishes; for a side's system administrator its addresses and what was sent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.forms.models import model_to_dict
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from duijie.data import sentence
from duijie_portal.ledger import notices as services
from duijie_portal.ledger.hooks import key_of_hook
from duijie_portal.ledger.models import Agreement, Delivery, Hook, Preference
from duijie_portal.ledger.outbox import is_mail_set_up
from duijie_portal.ledger.pages import act, language_of, page, paged, person_of

__all__ = ["add_hook", "deliveries", "preferences", "renew_hook", "send_again", "set_preferences", "switch_hook"]

Document = dict[str, Any]


class WishForm(forms.ModelForm[Preference]):
    """How and when a person wants to hear."""

    hour = forms.IntegerField(min_value=0, max_value=23)
    weekday = forms.IntegerField(min_value=1, max_value=7)
    quiet_from = forms.IntegerField(min_value=0, max_value=23)
    quiet_until = forms.IntegerField(min_value=0, max_value=23)

    class Meta:
        model = Preference
        exclude = ("person",)


class HookForm(forms.Form):
    """An address that is to hear."""

    name = forms.CharField(max_length=80)
    url = forms.URLField(max_length=300, assume_scheme="https")


class RowForm(forms.Form):
    """An address or a delivery, by its number."""

    row = forms.IntegerField()
    is_active = forms.BooleanField(required=False)


@page("frame/preferences.html", power="notice.own")
def preferences(request: HttpRequest, agreement: Agreement) -> Document:
    person = person_of(request)
    wish = model_to_dict(services.wish_of(person), exclude=["person"])
    channels = {"has_mail": bool(person.email), "is_mail_set_up": is_mail_set_up()}
    return {"wish": wish, **channels, "mails": Preference.Mail.values, "hours": list(range(24)), "days": [*range(1, 8)]}


@act(WishForm, "preferences", power="notice.own")
def set_preferences(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.wish(request.user, agreement, **data)
    return "portal_done_preferences"


@page("frame/deliveries.html", power="system.run")
def deliveries(request: HttpRequest, agreement: Agreement) -> Document:
    person = person_of(request)
    found = services.deliveries_of(agreement, person)
    rows, place = paged(request, found.count())
    hooks = [_hook(one) for one in services.hooks_of(agreement, person)]
    return {"hooks": hooks, "deliveries": [_delivery(one) for one in found[rows]], "pages": place}


def _hook(one: Hook) -> Document:
    return {"id": one.pk, "name": one.name, "url": one.url, "is_active": one.is_active, "key_number": one.key_number}


def _delivery(one: Delivery) -> Document:
    """What a delivery met; what it is about is not the administrator's to read."""
    to = one.hook.name if one.hook else one.person.username if one.person else ""
    tries = {"n_tries": one.n_tries, "outcome": one.outcome, "due_at": one.due_at, "ended_at": one.ended_at}
    return {"id": one.pk, "channel": one.channel, "to": to, "state": one.state, **tries}


@act(HookForm, "deliveries", power="system.run")
def add_hook(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    _show_key(request, services.add_hook(request.user, agreement, **data))
    return "portal_done_hook"


@act(RowForm, "deliveries", power="system.run")
def renew_hook(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    row = get_object_or_404(services.hooks_of(agreement, person_of(request)), pk=data["row"])
    services.renew_key(request.user, row)
    _show_key(request, row)
    return "portal_done_hook_key"


def _show_key(request: HttpRequest, hook: Hook) -> None:
    """The key is shown when it is made, and never again."""
    messages.warning(request, sentence("portal_hook_key", language_of(), {"key": key_of_hook(hook)}))


@act(RowForm, "deliveries", power="system.run")
def switch_hook(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    row = get_object_or_404(services.hooks_of(agreement, person_of(request)), pk=data["row"])
    services.switch_hook(request.user, row, is_active=data["is_active"])
    return "portal_done_hook"


@act(RowForm, "deliveries", power="system.run")
def send_again(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    row = get_object_or_404(services.deliveries_of(agreement, person_of(request)), pk=data["row"])
    services.send_again(request.user, row)
    return "portal_done_send_again"
