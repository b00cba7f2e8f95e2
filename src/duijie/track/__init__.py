"""Track: agreement → clause → action → milestone → evidence → progress."""

from .agreement import load_agreement
from .changes import difference
from .lists import duty_list, project_list, task_list
from .run import progress

__all__ = ["difference", "duty_list", "load_agreement", "progress", "project_list", "task_list"]
