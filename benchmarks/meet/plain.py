"""The peer: the same problem written for CP-SAT as a textbook would, solved with its default strategies."""

from __future__ import annotations

from ortools.sat.python import cp_model

from duijie.meet.instance import Instance


def plain_cp_sat(instance: Instance, seconds: float, workers: int = 2) -> tuple[str, float | None, float]:
    """(status, breaks, bound) of the published problem: one truth per meeting and slot, breaks by counted starts."""
    model = cp_model.CpModel()
    keys = [slot.key for slot in instance.slots]
    people = {person.id: person for person in instance.people}
    at = {}
    for meeting in instance.meetings:
        away = set().union(*(people[one].unavailable for one in meeting.people))
        for t, key in enumerate(keys):
            if key not in away and (meeting.slots is None or key in meeting.slots):
                at[meeting.id, t] = model.new_bool_var("")
        model.add_exactly_one(at[meeting.id, t] for t in range(len(keys)) if (meeting.id, t) in at)
    for t in range(len(keys)):
        held = [at[one.id, t] for one in instance.meetings if (one.id, t) in at]
        model.add(sum(held) <= len(instance.tables))
    for meeting in instance.meetings:
        for name in meeting.after:
            earlier = sum(t * literal for (one, t), literal in at.items() if one == name)
            model.add(earlier + 1 <= sum(t * literal for (one, t), literal in at.items() if one == meeting.id))
    counts = [breaks for person in instance.people for breaks in [_breaks(model, instance, at, person.id, len(keys))]]
    if instance.fairness is not None:
        least, most = model.new_int_var(0, len(keys), ""), model.new_int_var(0, len(keys), "")
        for count in counts:
            model.add(count >= least)
            model.add(count <= most)
        model.add(most - least <= instance.fairness)
    model.minimize(sum(counts))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds, solver.parameters.num_workers = seconds, workers
    status = solver.solve(model)
    has_plan = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return solver.status_name(status), solver.objective_value if has_plan else None, solver.best_objective_bound


def _breaks(
    model: cp_model.CpModel, instance: Instance, at: dict[tuple[str, int], cp_model.IntVar], person: str, n_slots: int
) -> cp_model.LinearExprT:
    """Runs of meetings, less one."""
    own = [one.id for one in instance.meetings if person in one.people]
    starts, every, before = [], [], None
    for t in range(n_slots):
        held = [at[one, t] for one in own if (one, t) in at]
        busy = model.new_bool_var("")
        every.append(busy)
        model.add_exactly_one([*held, ~busy])
        start = model.new_bool_var("")
        model.add_bool_or([start, ~busy, *([] if before is None else [before])])
        model.add_implication(start, busy)
        if before is not None:
            model.add_implication(start, ~before)
        starts.append(start)
        before = busy
    if not own:
        return 0
    model.add(sum(every) == len(own))
    model.add(sum(starts) >= 1)
    return sum(starts) - 1
