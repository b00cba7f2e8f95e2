"""One way to make a page: a function returns a document, a template shows it, and ``.json`` hands it out as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, is_dataclass
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import get_language, override
from django.views.decorators.http import require_POST, require_safe

from duijie.data import sentence
from duijie.errors import DeniedError, DuijieError, Fault, InputError
from duijie.terms import Bilingual
from duijie_portal.accounts.door import refuse
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import may

from .models import Agreement
from .selectors import agreements_of

__all__ = ["act", "file_page", "language_of", "page", "paged", "person_of", "speaking", "twin"]

Document = Mapping[str, Any]
View = Callable[..., HttpResponseBase]
PAGE_ROWS = 50
_SPOKEN: ContextVar[str] = ContextVar("spoken", default="")
_N_FAULTS = 12


class Plain(DjangoJSONEncoder):
    """Terms and rows as plain JSON."""

    def default(self, value: Any) -> Any:
        if hasattr(value, "to_dict"):
            return value.to_dict()
        if is_dataclass(value) and not isinstance(value, type):
            return asdict(value)
        return super().default(value)


def language_of() -> str:
    """The language of this request, ``zh`` or ``en``; outside of one the language Django speaks."""
    return _SPOKEN.get() or ("en" if (get_language() or "").startswith("en") else "zh")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Answer in a language: Django's own texts and ours, which are asked for hundreds of times a page."""
    token = _SPOKEN.set("en" if language.startswith("en") else "zh")
    try:
        with override(language):
            yield
    finally:
        _SPOKEN.reset(token)


def person_of(request: HttpRequest) -> Person:
    """The person who asks; pages let nobody else this far."""
    assert isinstance(request.user, Person)
    return request.user


def twin(route: str, view: View, name: str) -> list[URLPattern]:
    """The two addresses of a page: ``track/`` for people, ``track.json`` for programs."""
    document = f"{route.rstrip('/') or 'index'}.json"
    return [path(route, view, name=name), path(document, view, {"as_json": True}, name=f"{name}_json")]


def _agreement_of(request: HttpRequest, key: str) -> Agreement:
    """The agreement a person's side is party to; for anyone else it does not exist."""
    found = agreements_of(request.user).filter(pk=key).first()
    if found is None:
        refuse(request.user, "agreement.open", key)
        raise Http404
    return found


def page(template: str, *, power: str = "read") -> Callable[[Callable[..., Document]], View]:
    """Turn a function (request, agreement, …) → document into a view, for those who hold `power`.

    Without an account HTML leads to the log-in and JSON answers 401; without the power both answer 403, logged.
    """

    def wrap(make: Callable[..., Document]) -> View:
        @require_safe
        @wraps(make)
        def view(request: HttpRequest, agreement: str, *, as_json: bool = False, **keys: str) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _unknown_visitor(request, as_json)
            row = _agreement_of(request, agreement)
            if not may(request.user, power):
                return denied(request, refuse(request.user, power, request.path), as_json)
            request.agreement = row  # type: ignore[attr-defined]
            try:
                document = make(request, row, **keys)
            except InputError as error:
                return denied(request, error, as_json, status=400)
            return _json(document) if as_json else render(request, template, {"page": document, "agreement": row})

        return view

    return wrap


def _json(document: Document, status: int = 200) -> JsonResponse:
    return JsonResponse(document, encoder=Plain, status=status, json_dumps_params={"ensure_ascii": False})


def _unknown_visitor(request: HttpRequest, as_json: bool) -> HttpResponseBase:
    return _json({"code": "portal_sign_in_needed"}, 401) if as_json else redirect_to_login(request.get_full_path())


def denied(request: HttpRequest, error: DuijieError, as_json: bool = False, *, status: int = 403) -> HttpResponse:
    """The sentence of an error, with 403 unless said otherwise."""
    if as_json:
        return _json({"code": error.code, "values": error.values}, status)
    return render(request, "frame/denied.html", {"error": told(error), "status": status}, status=status)


def act(
    form: type[BaseForm], back: str, *, power: str = "read"
) -> Callable[[Callable[..., str | tuple[str, str]]], View]:
    """Turn a function (request, agreement, data, …) → code of what was done into a POST view.

    The form is checked first; a wrong field or a rule that does not hold is told as a message on the page `back`,
    where one also lands afterwards unless the function gives an address beside the code. Whoever lacks `power` is
    refused before the form is read; the service behind it asks for its own.
    """

    def wrap(do: Callable[..., str | tuple[str, str]]) -> View:
        @require_POST
        @wraps(do)
        def view(request: HttpRequest, agreement: str, **keys: str) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            row = _agreement_of(request, agreement)
            request.agreement = row  # type: ignore[attr-defined]
            if not may(request.user, power):
                return denied(request, refuse(request.user, power, request.path))
            filled = form(request.POST, request.FILES)
            if filled.is_valid():
                return _done(request, back, lambda: do(request, row, filled.cleaned_data, **keys), agreement, keys)
            _tell_faults(request, filled)
            return redirect(reverse(back, kwargs={"agreement": agreement, **keys}))

        return view

    return wrap


def _done(
    request: HttpRequest, back: str, do: Callable[[], str | tuple[str, str]], agreement: str, keys: Mapping[str, str]
) -> HttpResponseBase:
    try:
        done = do()
        code, address = (done, "") if isinstance(done, str) else done
        messages.success(request, sentence(code, language_of()))
        if address:
            return redirect(address)
    except DeniedError as error:
        if error.code == "portal_denied":
            return denied(request, error)
        messages.error(request, told(error))
    except DuijieError as error:
        messages.error(request, told(error))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(reverse(back, kwargs={"agreement": agreement, **keys}))


def told(error: DuijieError) -> str:
    """The sentence of an error, and of the reasons and the first faults it carries."""
    reasons = error.values.get("reasons", ())
    lines = [sentence(error.code, language_of(), error.values)]
    lines += [sentence(reason["code"], language_of(), reason["values"]) for reason in reasons]
    lines += [
        f"{_place(fault)} {sentence(fault.code, language_of(), fault.values)}" for fault in error.faults[:_N_FAULTS]
    ]
    return " ".join(lines)


def _place(fault: Fault) -> str:
    """Where in a file: its key path or row, never the folder it lay in."""
    return " ".join(str(value) for name, value in fault.where.items() if name != "file")


def _tell_faults(request: HttpRequest, form: BaseForm) -> None:
    for name, faults in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        messages.error(request, f"{label or ''} {' '.join(map(str, faults))}".strip())


def paged(request: HttpRequest, n_rows: int, n: int = PAGE_ROWS) -> tuple[slice, dict[str, int]]:
    """The slice of rows the ``page`` parameter asks for, and where one is; anything odd asks for the first page."""
    n_pages = max(1, -(-n_rows // n))
    asked = request.GET.get("page", "1")
    number = min(max(int(asked), 1), n_pages) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1
    place = {"number": number, "n_pages": n_pages, "n_rows": n_rows, "before": number - 1, "after": number + 1}
    return slice((number - 1) * n, number * n), place


def json_of(value: Any) -> Any:
    """Any document as plain JSON values, for the charts of a page."""
    return json.loads(json.dumps(value, cls=Plain))


def bilingual(value: Any) -> Bilingual:
    return value if isinstance(value, Bilingual) else Bilingual(**value)


def file_page(name: str, *, power: str = "read", media_type: str = "application/octet-stream") -> Callable[..., View]:
    """Turn a function (request, agreement, …) → chunks into a download, for those who hold `power`."""

    def wrap(make: Callable[..., Any]) -> View:
        @require_safe
        @wraps(make)
        def view(request: HttpRequest, agreement: str, **keys: str) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _unknown_visitor(request, as_json=False)
            row = _agreement_of(request, agreement)
            if not may(request.user, power):
                return denied(request, refuse(request.user, power, request.path))
            headers = {"Content-Disposition": f'attachment; filename="{row.pk}-{name}"'}
            return StreamingHttpResponse(make(request, row, **keys), content_type=media_type, headers=headers)

        return view

    return wrap
