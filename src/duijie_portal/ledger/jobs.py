"""Long work as a job: asked for in one transaction, done by a worker, told as it goes, stopped on request.

A job survives the death of its worker in one of two ways, and its log says which: where its kind `resumes`, it goes on
from the last step that stands; else nothing of it stands, because all it writes it writes in one last step.
"""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from typing import IO, Any

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules
from django_tasks import task
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from duijie.data import inside, sentence
from duijie.errors import DeniedError, DuijieError, InputError
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import may

from .models import Agreement, Job, JobLine
from .notices import Notice, tell

__all__ = ["STOPPING", "Cancelled", "Interrupted", "Run", "again", "cancel", "job", "revive", "run_job", "start"]

BEAT = timedelta(seconds=settings.JOB_BEAT_SECONDS)
STALE = 9 * BEAT
MOST_ATTEMPTS = 5
_OPEN = (Job.State.WAITING, Job.State.RUNNING)
_DERIVED_PRIORITY = 10
_TELL_SECONDS = 0.3
_N_FAULTS = 12
STOPPING = Signal()
"""Set where the worker is asked to end: the running job puts itself back at its next word."""
logger = logging.getLogger("duijie.jobs")


class Cancelled(BaseException):
    """Somebody asked for the job to stop; no handler of errors catches it."""


class Interrupted(BaseException):
    """The worker ends, or another one took the job over; no handler of errors catches it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A function that does the work, and how it is queued, resumed and told of; see :func:`job`."""

    name: str
    work: Callable[[Run], str | None]
    resumes: bool
    is_derived: bool
    advice: str


_KINDS: dict[str, Kind] = {}


def job(
    name: str, *, resumes: bool = False, is_derived: bool = False, advice: str = ""
) -> Callable[[Callable[[Run], str | None]], Callable[[Run], str | None]]:
    """Name a function as a kind of job; it stands in a module ``jobs`` of its wing.

    Parameters
    ----------
    name
        What the job is called; its title is the sentence ``job_<name>``, dots and hyphens read as underscores.
    resumes
        Whether the function, run again, reads `Run.kept` and goes on from there. If not, it writes in one `Run.step`
        with ``is_last=True``, so that before it nothing stands and after it everything.
    is_derived
        The work follows from what was recorded, nobody waits at its page: it goes before what people asked for, tells
        nobody but of a failure, and what is recorded while it runs is work for the next one of its subject.
    advice
        The code of a sentence that ends the log of a failure: what still holds, and what to do.
    """

    def wrap(work: Callable[[Run], str | None]) -> Callable[[Run], str | None]:
        _KINDS[name] = Kind(name, work, resumes, is_derived, advice)
        return work

    return wrap


def _known(name: str) -> Kind | None:
    if name not in _KINDS:
        autodiscover_modules("jobs")
    return _KINDS.get(name)


def _kind(name: str) -> Kind:
    found = _known(name)
    if found is None:
        raise InputError("job_kind_unknown", {"kind": name})
    return found


@transaction.atomic
def start(person: Person, agreement: Agreement, kind: str, /, *, subject: str = "", **payload: Any) -> Job:
    """Ask for long work inside one's own transaction; the same work of the same subject is asked for once at a time.

    Derived work is asked for once as long as it waits: whatever it will read stands before it begins.

    Parameters
    ----------
    kind
        A name given by :func:`job`.
    subject
        What the work is about, the key of a record for instance; empty where any number may run.
    payload
        Plain JSON values for the function, read as ``run.payload``.

    Returns
    -------
    Job
        The new job, or the one already waiting or running; of derived work the one that waits.

    Raises
    ------
    InputError
        No wing names the kind.
    """
    _kind(kind)
    about: dict[str, Any] = {"agreement": agreement, "kind": kind, "subject": subject}
    while True:
        made = Job(**about, side_id=person.side_id, person=person, payload=payload)
        try:
            with transaction.atomic():
                made.save(force_insert=True)
        except IntegrityError:
            # held until our transaction ends: a worker that takes it up afterwards reads what we recorded
            open_ones = Job.objects.select_for_update().filter(**about, state__in=_OPEN)
            if (found := open_ones.first()) is not None:
                return found
        else:
            _enqueue(made)
            return made


def _enqueue(row: Job) -> None:
    priority = _DERIVED_PRIORITY if _is_derived(row.kind) else 0
    found = run_job.using(priority=priority).enqueue(row.pk)
    Job.objects.filter(pk=row.pk).update(task=found.id, queued_at=timezone.now())


@write("job.own")
def cancel(person: Person, row: Job, /) -> None:
    """Stop a job: one that waits at once, a running one at its next word.

    Raises
    ------
    DeniedError
        It is another person's, or has ended.
    """
    _mine(person, row)
    now = timezone.now()
    waiting = Job.objects.filter(pk=row.pk, state=Job.State.WAITING)
    if waiting.update(state=Job.State.CANCELLED, ended_at=now):
        _line(row, "job_cancelled_waiting")
    elif Job.objects.filter(pk=row.pk, state=Job.State.RUNNING).update(is_cancelling=True):
        _line(row, "job_cancel_asked")
    else:
        raise DeniedError("job_ended")


@write("job.own")
def again(person: Person, row: Job, /) -> None:
    """Put a failed or cancelled job back in the queue; one that resumes goes on where it stopped.

    Raises
    ------
    DeniedError
        It is another person's, did not fail, or the same work runs already.
    """
    _mine(person, row)
    ended = Job.objects.filter(pk=row.pk, state__in=(Job.State.FAILED, Job.State.CANCELLED))
    try:
        with transaction.atomic():
            is_moved = ended.update(state=Job.State.WAITING, is_cancelling=False, ended_at=None, attempt=0)
    except IntegrityError:
        is_moved = 0
    if not is_moved:
        raise DeniedError("job_not_again")
    _line(row, "job_again")
    _enqueue(row)


def _mine(person: Person, row: Job) -> None:
    """A job is its person's; the system administrator of the side may stop it and begin it again."""
    if person.pk != row.person_id and not (may(person, "system.run") and person.side_id == row.side_id):
        raise DeniedError("job_not_mine")


class Run:
    """What the function of a job is given: who asked, for what, what was kept; and how to tell, step and stop."""

    def __init__(self, row: Job) -> None:
        self.job = row
        self.person: Person = row.person
        self.agreement: Agreement = row.agreement
        self.payload: dict[str, Any] = row.payload
        self.kept: dict[str, Any] = dict(row.kept)
        self.path = row.path
        self.is_ended = False
        self._told_at = 0.0
        self._code = row.code

    def tell(self, n_done: int | None = None, n_total: int | None = None, code: str = "") -> None:
        """Say how far the work came, and go on only if nobody asked to stop. Call it often: it writes seldom.

        Raises
        ------
        Cancelled, Interrupted
            The work is to stop here; do not catch them.
        """
        is_new = bool(code) and code != self._code
        if time.monotonic() - self._told_at < _TELL_SECONDS and not is_new and n_done != n_total:
            return
        self._told_at, self._code = time.monotonic(), code or self._code
        figures = {"n_done": n_done, "n_total": n_total, "code": code or None}
        self._write(**{name: value for name, value in figures.items() if value is not None})
        self._stop_if_asked()

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Only one job of the agreement at a time works under a name; others wait, and stop if they are asked to.

        The lock is a file of the home: it ends with the process that holds it, however that ends.
        """
        path = Path(settings.HOME) / self.agreement.pk / f"{name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as handle:
            while not _is_locked(handle):
                self.tell()
                time.sleep(_TELL_SECONDS)
            yield

    def log(self, code: str, **values: int | float | str) -> None:
        """Add a line to the log: a code with a sentence in the words files; no names of people, no free text."""
        _line(self.job, code, **values)

    @contextmanager
    def step(self, *, n_done: int | None = None, is_last: bool = False, path: str = "", **kept: Any) -> Iterator[None]:
        """One transaction of the work: what it writes and what it keeps for the next step stand together or not at all.

        Parameters
        ----------
        n_done
            How far the work is once the step stands.
        is_last
            The job is done with this step, in the same transaction.
        path
            Where its result is.
        kept
            Values for `Run.kept`, added to what is there.

        Raises
        ------
        Cancelled, Interrupted
            Before anything of the step is written.
        """
        self._stop_if_asked()
        with transaction.atomic():
            yield
            figures = {} if n_done is None else {"n_done": n_done}
            self._write(kept={**self.kept, **kept}, path=path or self.path, **figures)
            if is_last:
                self._done(path or self.path)
        self.kept.update(kept)
        self.path, self.is_ended = path or self.path, is_last

    @transaction.atomic
    def _done(self, path: str) -> None:
        """The last line and the word to whoever asked stand with the state: nobody sees one without the other."""
        self._write(state=Job.State.DONE, ended_at=timezone.now(), path=path)
        _ended(self.job, "job_done")

    def _write(self, **fields: Any) -> None:
        """Only the worker that holds the job writes: one thought dead that wakes up again finds it taken."""
        held = Job.objects.filter(pk=self.job.pk, attempt=self.job.attempt, state=Job.State.RUNNING)
        if not held.update(beat_at=timezone.now(), **fields):
            raise Interrupted

    def _stop_if_asked(self) -> None:
        if STOPPING.is_set():
            raise Interrupted
        if Job.objects.filter(pk=self.job.pk, is_cancelling=True).exists():
            raise Cancelled


def _is_locked(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@task()
def run_job(key: str) -> None:
    """Do a job that waits; one that somebody else took, or that was cancelled, is left alone."""
    row = _claimed(key)
    if row is not None:
        with _beating(row), inside(Path(row.agreement.folder)):
            _do(Run(row))


def _claimed(key: str) -> Job | None:
    """Take a job that waits; derived work gives up its subject, so that what is recorded from now on asks anew."""
    waiting = Job.objects.filter(pk=key, state=Job.State.WAITING)
    now = timezone.now()
    first: dict[str, Any] = {"state": Job.State.RUNNING, "attempt": F("attempt") + 1, "started_at": now, "beat_at": now}
    if _is_derived(waiting.values_list("kind", flat=True).first() or ""):
        first["subject"] = ""
    if not waiting.update(**first):
        return None
    return Job.objects.select_related("person", "agreement").get(pk=key)


def _is_derived(name: str) -> bool:
    known = _known(name)
    return known is not None and known.is_derived


def _do(run: Run) -> None:
    kind = None
    try:
        kind = _kind(run.job.kind)
        _line(run.job, "job_started" if run.job.attempt == 1 else "job_resumed")
        path = kind.work(run) or run.path
        if not run.is_ended:
            run._done(path)
    except Cancelled:
        _end(run.job, Job.State.CANCELLED, "job_cancelled_kept" if kind and kind.resumes else "job_cancelled")
    except DuijieError as error:
        _fail(run.job, kind, error)
    except Exception:
        logger.exception("job %s", run.job.pk)
        _fail(run.job, kind, DuijieError("job_broke"))
    except Interrupted:
        _put_back(run.job)
    except BaseException:
        _put_back(run.job)
        raise


@transaction.atomic
def _fail(row: Job, kind: Kind | None, error: DuijieError) -> None:
    """The log ends with what is wrong, the first faults each with its place, and what to do."""
    values = {key: value for key, value in error.values.items() if key != "reasons"}
    if not _end(row, Job.State.FAILED, error.code, **values):
        return
    for fault in error.faults[:_N_FAULTS]:
        place = " ".join(Path(value).name if key == "file" else str(value) for key, value in fault.where.items())
        _line(
            row, "job_fault", place=place, said={one: sentence(fault.code, one, fault.values) for one in ("zh", "en")}
        )
    if kind is not None and kind.advice:
        _line(row, kind.advice)


@contextmanager
def _beating(row: Job) -> Iterator[None]:
    """A sign of life every few seconds while the work goes on."""
    ended = Signal()
    thread = Thread(target=_beat, args=(row, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _beat(row: Job, ended: Signal) -> None:
    held = Job.objects.filter(pk=row.pk, attempt=row.attempt, state=Job.State.RUNNING)
    while not ended.wait(BEAT.total_seconds()):
        try:
            held.update(beat_at=timezone.now())
        except OperationalError:
            logger.warning("job %s: no sign of life written, the database is busy", row.pk)
        finally:
            connection.close()


@transaction.atomic
def _end(row: Job, state: Job.State, code: str, **values: Any) -> bool:
    held = Job.objects.filter(pk=row.pk, attempt=row.attempt, state=Job.State.RUNNING)
    is_moved = bool(held.update(state=state, ended_at=timezone.now(), is_cancelling=False))
    if is_moved:
        _ended(row, code, **values)
    return is_moved


def _ended(row: Job, code: str, **values: Any) -> None:
    """The last line, and a word to the person who asked; derived work nobody asked for says only that it failed."""
    _line(row, code, **values)
    said = Job.objects.values_list("state", flat=True).get(pk=row.pk)
    if _is_derived(row.kind) and said != Job.State.FAILED:
        return
    path = f"/{row.agreement_id}/jobs/{row.pk}/"
    tell(row.agreement, Notice([row.person], f"job_told_{said}", path))


def _line(row: Job, code: str, **values: Any) -> None:
    JobLine.objects.create(job=row, code=code, values=values)


def revive() -> int:
    """Take up the jobs whose worker died or whose place in the queue was lost; how many."""
    now = timezone.now()
    dead = Job.objects.filter(state=Job.State.RUNNING, beat_at__lt=now - STALE)
    lost = list(_forgotten(Job.objects.filter(queued_at__lt=now - STALE)))
    n_revived = sum(_put_back(row) for row in dead.select_related("agreement", "person"))
    for row in lost:
        _enqueue(row)
    return n_revived + len(lost)


def _forgotten(rows: QuerySet[Job]) -> Iterator[Job]:
    """The jobs that wait, though nothing in the queue will begin them."""
    for row in rows.filter(state=Job.State.WAITING):
        ready = DBTaskResult.objects.filter(status=TaskResultStatus.READY)
        if row.task is None or not ready.filter(pk=row.task).exists():
            yield row


@transaction.atomic
def _put_back(row: Job) -> bool:
    """End the attempt of a worker that is gone: the job goes on from its last step, or has left nothing."""
    held = Job.objects.filter(pk=row.pk, attempt=row.attempt, state=Job.State.RUNNING)
    kind = _known(row.kind)
    goes_on = kind is not None and kind.resumes and row.attempt < MOST_ATTEMPTS
    row.refresh_from_db(fields=["is_cancelling", "kept", "n_done"])
    if row.is_cancelling or not goes_on:
        fate = (
            (Job.State.CANCELLED, "job_cancelled_dead") if row.is_cancelling else (Job.State.FAILED, "job_rolled_back")
        )
        moved = held.update(state=fate[0], ended_at=timezone.now())
        if moved:
            _ended(row, fate[1] if kind and not kind.resumes else "job_stopped_kept", n_done=row.n_done)
        return bool(moved)
    moved = held.update(state=Job.State.WAITING)
    if moved:
        _line(row, "job_goes_on" if row.kept else "job_goes_anew", n_done=row.n_done)
        _enqueue(row)
    return bool(moved)
