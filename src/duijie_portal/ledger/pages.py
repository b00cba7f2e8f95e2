"""One way to make a page: a function returns a document, a template shows it, and ``.json`` hands it out as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, is_dataclass
from functools import wraps
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.views.decorators.http import require_POST, require_safe

from duijie.data import sentence
from duijie.data.files import enter_agreement
from duijie.errors import DeniedError, DuijieError, Fault, InputError
from duijie.terms import Bilingual
from duijie_portal.accounts.door import log, refuse
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import may

from .known import looking_back
from .models import Agreement
from .selectors import agreements_of
from .workbook import workbook_of

__all__ = [
    "MARKED",
    "MOST_TYPED",
    "act",
    "file_page",
    "is_page",
    "language_of",
    "page",
    "paged",
    "person_of",
    "refilled",
    "speaking",
    "twin",
    "typed",
]

Document = Mapping[str, Any]
View = Callable[..., HttpResponseBase]
Done = str | tuple[str, str] | tuple[str, str, Mapping[str, Any]]
PAGE_ROWS = 50
MOST_ROWS = 20_000  # of a list as a workbook
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
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
    enter_agreement(Path(found.folder))
    return found


def page(
    template: str, *, power: str = "read", or_power: str = "", looks_back: bool = False
) -> Callable[[Callable[..., Document]], View]:
    """Turn a function (request, agreement, …) → document into a view, for those who hold `power` or `or_power`.

    A page that `looks_back` shows what was known at the K that ``known_at`` names. Without an account HTML leads to the
    log-in and JSON answers 401; without the power both answer 403, logged.
    """

    def wrap(make: Callable[..., Document]) -> View:
        @require_safe
        @wraps(make)
        def view(request: HttpRequest, agreement: str, *, as_json: bool = False, **keys: str) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _unknown_visitor(request, as_json)
            row = _agreement_of(request, agreement)
            if not (may(request.user, power) or may(request.user, or_power)):
                return denied(request, refuse(request.user, power, request.path), as_json)
            request.agreement = row  # type: ignore[attr-defined]
            try:
                with looking_back(row, _known_at(request) if looks_back else "") as look:
                    document = make(request, row, **keys)
                    if look is not None:
                        document = {**document, "known": look.to_dict()}
                    shown = {"page": document, "agreement": row, "looks_back": looks_back}
                    if as_json:
                        return _json(document)
                    draw = _workbook if _is_whole(request) else render
                    return draw(request, template, shown)
            except InputError as error:
                return denied(request, error, as_json, status=400)

        view.is_page = True  # type: ignore[attr-defined]
        return view

    return wrap


def _known_at(request: HttpRequest) -> str:
    return request.GET.get("known_at", "").strip()


def _is_whole(request: HttpRequest) -> bool:
    """Whether a page is asked for as a workbook, with every row of its lists (``?as=xlsx``)."""
    return request.GET.get("as") == "xlsx"


def _workbook(request: HttpRequest, template: str, shown: Document) -> HttpResponse:
    """The tables of a page as it is drawn for this reader."""
    name = request.resolver_match.url_name if request.resolver_match else "list"
    content = workbook_of(render_to_string(template, shown, request))
    answer = HttpResponse(content, content_type=XLSX)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}-{timezone.localdate().isoformat()}.xlsx"'
    return answer


def is_page(view: View) -> bool:
    """Whether a view is a page that people open, made by :func:`page`."""
    return bool(getattr(view, "is_page", False))


def _json(document: Document, status: int = 200) -> JsonResponse:
    return JsonResponse(document, encoder=Plain, status=status, json_dumps_params={"ensure_ascii": False})


def _unknown_visitor(request: HttpRequest, as_json: bool) -> HttpResponseBase:
    return _json({"code": "portal_sign_in_needed"}, 401) if as_json else redirect_to_login(request.get_full_path())


def denied(request: HttpRequest, error: DuijieError, as_json: bool = False, *, status: int = 403) -> HttpResponse:
    """The sentence of an error, with 403 unless said otherwise."""
    if as_json:
        return _json({"code": error.code, "values": error.values}, status)
    return render(request, "frame/denied.html", {"error": told(error), "status": status}, status=status)


def act(form: type[BaseForm], back: str, *, power: str = "read") -> Callable[[Callable[..., Done]], View]:
    """Turn a function (request, agreement, data, …) → code of what was done into a POST view.

    The form is checked first; a wrong field or a rule that does not hold is told as a message on the page `back`,
    where one also lands afterwards unless the function gives an address beside the code, and after it perhaps the
    values of its sentence. Whoever lacks `power` is
    refused before the form is read; the service behind it asks for its own.
    """

    def wrap(do: Callable[..., Done]) -> View:
        @require_POST
        @wraps(do)
        def view(request: HttpRequest, agreement: str, **keys: str) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _signed_out(request, back, agreement, keys)
            row = _agreement_of(request, agreement)
            request.agreement = row  # type: ignore[attr-defined]
            if not may(request.user, power):
                return denied(request, refuse(request.user, power, request.path))
            filled = form(request.POST, request.FILES)
            if filled.is_valid():
                return _done(request, back, lambda: do(request, row, filled.cleaned_data, **keys), agreement, keys)
            _tell_faults(request, filled)
            return _back(request, back, agreement, keys, filled.errors)

        return view

    return wrap


_TYPED = "typed"
_MOST_KEPT_OUTSIDE = 20_000  # letters of a form sent without a sign-in: anyone may send one


def _signed_out(request: HttpRequest, back: str, agreement: str, keys: Mapping[str, str]) -> HttpResponseBase:
    """A form whose session has ended: what was typed waits behind the sign-in, on the page the form stands on."""
    address = _keep_typed(request, reverse(back, kwargs={"agreement": agreement, **keys}), {})
    kept = request.session[_TYPED]
    kept["has_ended"] = True
    if sum(map(len, kept["said"].values())) > _MOST_KEPT_OUTSIDE:
        kept["said"] = {}
    messages.warning(request, sentence("portal_session_ended", language_of()))
    return redirect_to_login(address)


def _keep_typed(request: HttpRequest, path: str, wrong: Mapping[str, Any]) -> str:
    """Keep what was typed for a page, and give the page's address with the part of it the form stood on."""
    said = {key: value[:MOST_TYPED] for key, value in request.POST.items() if key != "csrfmiddlewaretoken"}
    about = {"path": path, "action": request.path, "files": list(request.FILES)}  # a browser sends no file twice
    request.session[_TYPED] = {**about, "said": said, "wrong": dict(wrong)}
    query = request.POST.get("_back", "")
    return path + (query if query.startswith(("?", "#")) else "")


def refilled(request: HttpRequest) -> dict[str, Any] | None:
    """What was typed into a form of this page before a fault was told or the session ended; once.

    The form of `action` is filled with `said`, each of its `wrong` fields is marked, and at each of `files` it says
    that the file is to be chosen again.
    """
    kept = _kept_of(request)
    return {key: value for key, value in kept.items() if key != "path"} if kept else None


def _kept_of(request: HttpRequest) -> dict[str, Any] | None:
    """What waits for this page: taken from the session once, and there for the rest of the answer."""
    kept = request.session.get(_TYPED)
    if kept and kept["path"] == request.path:
        request.typed = request.session.pop(_TYPED)  # type: ignore[attr-defined]
    return getattr(request, "typed", None)


MOST_TYPED = 100_000  # letters of one field: what is too long is refused with a sentence, and shown again whole


def _back(
    request: HttpRequest, back: str, agreement: str, keys: Mapping[str, str], faults: Mapping[str, Any] | None = None
) -> HttpResponseBase:
    """The page one came from, with what was typed kept for it: nothing a person wrote is lost to a fault."""
    path = reverse(back, kwargs={"agreement": agreement, **keys})
    wrong = {name: [str(one) for one in lines] for name, lines in (faults or {}).items()}
    return redirect(_keep_typed(request, path, wrong))


def typed(request: HttpRequest) -> dict[str, Any]:
    """What was typed into a form of this page before a fault was told: `said` and `wrong`, by field; once."""
    kept = _kept_of(request) or {"said": {}, "wrong": {}}
    return {"said": kept["said"], "wrong": kept["wrong"]}


def _done(
    request: HttpRequest, back: str, do: Callable[[], Done], agreement: str, keys: Mapping[str, str]
) -> HttpResponseBase:
    try:
        done = do()
        code, address, values = (done, "", {}) if isinstance(done, str) else (*done, {})[:3]
        messages.success(request, sentence(code, language_of(), values))
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
    else:
        return redirect(reverse(back, kwargs={"agreement": agreement, **keys}))
    return _back(request, back, agreement, keys)


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


MARKED = "marked"
"""The code of a form's error for a file that bears a mark of secrecy."""


def _tell_faults(request: HttpRequest, form: BaseForm) -> None:
    """Say what is wrong; of a file with a mark of secrecy only that somebody sent one, and when, is kept."""
    if any(form.has_error(name, MARKED) for name in form.fields):
        log(person_of(request), "file.send", "refused: mark", is_refused=True)
    for name, faults in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        messages.error(request, f"{label or ''} {' '.join(map(str, faults))}".strip())


def paged(request: HttpRequest, n_rows: int, n: int = PAGE_ROWS) -> tuple[slice, dict[str, int]]:
    """The slice of rows the ``page`` parameter asks for, and where one is; anything odd asks for the first page.

    A workbook has every row, up to ``MOST_ROWS``.
    """
    if _is_whole(request):
        return slice(0, MOST_ROWS), {"number": 1, "n_pages": 1, "n_rows": n_rows, "before": 0, "after": 2}
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


def file_page(
    name: str | Callable[..., str],
    *,
    power: str = "read",
    media_type: str = "application/octet-stream",
    looks_back: bool = False,
) -> Callable[..., View]:
    """Turn a function (request, agreement, …) → chunks into a download, for those who hold `power`.

    `name` is what the file is called behind the agreement's key, or says it of the agreement and the address. One that
    `looks_back` is made at once: what was known is at hand no longer when the answer is sent.
    """

    def wrap(make: Callable[..., Any]) -> View:
        @require_safe
        @wraps(make)
        def view(request: HttpRequest, agreement: str, **keys: str) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _unknown_visitor(request, as_json=False)
            row = _agreement_of(request, agreement)
            if not may(request.user, power):
                return denied(request, refuse(request.user, power, request.path))
            try:
                with looking_back(row, _known_at(request) if looks_back else ""):
                    content = make(request, row, **keys)
                called = f"{row.pk}-{name}" if isinstance(name, str) else name(row, *keys.values())
            except InputError as error:
                return denied(request, error, status=400)
            headers = {"Content-Disposition": f'attachment; filename="{called}"'}
            return StreamingHttpResponse(content, content_type=media_type, headers=headers)

        return view

    return wrap
