"""Full text over the tasks that a user has run."""

from vibe_jupyter.core.oracles.task_search.oracle import TaskSearch
from vibe_jupyter.core.oracles.task_search.schemas import FoundTask, TaskSearchInput, TaskSearchOutput

__all__ = ["FoundTask", "TaskSearch", "TaskSearchInput", "TaskSearchOutput"]
