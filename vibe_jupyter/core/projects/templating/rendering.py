"""Render a template with copier, and tell in our own words what is wrong with one.

`copier.run_copy` is one step: it neither tells which questions there are before it asks them, nor lets a feature be
taken away. So its `Worker` is used, the object that `run_copy` itself makes and returns (copier 9.19).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from vibe_jupyter.core.errors import Forbidden, InvalidInput, VibeError
from vibe_jupyter.core.projects.templating.answers import checked_answers
from vibe_jupyter.core.projects.templating.catalog import question_of
from vibe_jupyter.core.projects.templating.naming import module_name, slug

if TYPE_CHECKING:
    from pathlib import Path

    from copier._main import Worker

    from vibe_jupyter.core.projects.templating.catalog import TemplateSource
    from vibe_jupyter.core.projects.templating.fetching import Fetched

__all__ = ["Rendered", "render"]

_FEATURES = {
    "tasks": "tasks",
    "migrations": "migrations",
    "jinja_extensions": "Jinja extensions",
    "external_data": "external data",
}
"""What of a `copier.yml` runs code of the template, or reads files beside it."""
_LOOKING_AROUND = ("expanduser", "expandvars", "fileglob", "realpath")
"""Filters of every template that tell about this machine: its variables, its folders."""
_FAULT = re.compile(
    r"(?:Validation error for question|Invalid choice for) '(?P<name>\w+)': (?P<why>.*)", re.DOTALL
)
_REQUIRED = re.compile(r'Question "(?P<name>\w+)" is required')


@dataclass(frozen=True)
class Rendered:
    """What a template was rendered with: all answers that may be remembered."""

    answers: dict[str, Any]


def render(
    source: TemplateSource,
    fetched: Fetched,
    destination: Path,
    answers: dict[str, Any],
    suggested: dict[str, Any],
    *,
    trusted: bool,
) -> Rendered:
    """Render a template that is on this machine into a folder that is not there yet.

    Args:
        source: where it came from, for the answers file that a template may write.
        fetched: where it is now.
        destination: made by this.
        answers: checked against what the template asks.
        suggested: taken instead of the template's own defaults where it asks for something of that name.
        trusted: whether code of the template may run.

    Raises:
        Forbidden: `template.untrusted`.
        InvalidInput: `template.broken`, `template.task_failed`, and what `checked_answers` raises.
    """
    from copier._main import Worker
    from copier._settings import SettingsModel

    with Worker(
        src_path=source.text,
        dst_path=destination,
        user_defaults=dict(suggested),
        settings=SettingsModel(),  # those of this machine's user could trust a template, behind our back
        exclude=(".git",),
        defaults=True,
        overwrite=True,
        quiet=True,
        unsafe=trusted,
    ) as worker:
        try:
            _point_at(worker, fetched)
            _check_features(worker, trusted=trusted)
            worker.data = _data(worker, source, answers, suggested)
            worker.run_copy()
        except VibeError:
            raise
        except Exception as error:  # noqa: BLE001 - a template may raise whatever Python has
            _explain(error, source)
        return Rendered(_remembered(worker))


def _point_at(worker: Worker, fetched: Fetched) -> None:
    """Have copier take the files that we fetched, by the name and version that they have at their origin."""
    template = worker.template
    template.local_abspath = fetched.folder.resolve()
    template.vcs = None
    template.commit = fetched.version or fetched.commit or None
    template.commit_hash = fetched.commit or None


def _check_features(worker: Worker, *, trusted: bool) -> None:
    if trusted:
        return
    config = worker.template.config_data
    if used := [word for key, word in _FEATURES.items() if config.get(key)]:
        raise _untrusted(", ".join(used))

    def refuse(name: str) -> Any:
        def refused(*_: Any, **__: Any) -> NoReturn:
            raise _untrusted(f"the filter {name}")

        return refused

    worker.jinja_env.filters.update({name: refuse(name) for name in _LOOKING_AROUND})


def _untrusted(used: str) -> Forbidden:
    return Forbidden(
        f"the template wants what only trusted templates may use: {used}",
        code="template.untrusted",
        hint="it can run any code as you; read it, then make the project with --trust-template",
        data={"features": used.split(", ")},
    )


def _data(
    worker: Worker, source: TemplateSource, answers: dict[str, Any], suggested: dict[str, Any]
) -> dict[str, Any]:
    template = worker.template
    secrets = template.secret_questions
    asked = [
        question_of(name, how, is_secret=name in secrets) for name, how in template.questions_data.items()
    ]
    data = checked_answers(answers, [question for question in asked if question is not None])
    if source.kind == "built_in":
        name = str(data.get("project_name") or suggested.get("project_name") or worker.dst_path.name)
        data |= {"slug": slug(name), "module": module_name(name)}
    return data


def _remembered(worker: Worker) -> dict[str, Any]:
    template, answers = worker.template, worker.answers
    forgotten = template.secret_questions | answers.hidden
    return {
        name: answers.combined[name]
        for name in template.questions_data
        if name not in forgotten and name in answers.combined
    }


def _explain(error: Exception, source: TemplateSource) -> NoReturn:
    """Raise what an error of copier, Jinja or YAML means."""
    from copier.errors import ForbiddenPathError, TaskError

    said = " ".join(str(error).split())
    if isinstance(error, TaskError):
        raise InvalidInput(
            f"a task of the template failed with exit code {error.returncode}: {str(error.cmd)[:200]}",
            code="template.task_failed",
            hint="nothing was left behind; mend the template, or what its task needs",
        ) from error
    if isinstance(error, ForbiddenPathError):
        raise InvalidInput(
            f"the template reaches outside its own folder: {said[:200]}",
            code="template.escapes",
            hint="a template may only read its own files and write into the project",
        ) from error
    if (fault := _FAULT.match(str(error)) or _REQUIRED.match(str(error))) is not None:
        why = " ".join(fault.groupdict().get("why", "it has no default").split())
        raise InvalidInput(
            f"the answer to {fault['name']!r} does not fit: {why[:200]}",
            code="template.answer_invalid",
            hint=f"give another answer to {fault['name']}",
            errors=[{"loc": ["answers", fault["name"]], "msg": why}],
        ) from error
    line = getattr(error, "lineno", None)
    where = f" ({getattr(error, 'name', None) or 'copier.yml'}, line {line})" if line else ""
    raise InvalidInput(
        f"the template {source.text} cannot be used: {type(error).__name__}: {said[:300]}{where}",
        code="template.broken",
        hint="nothing was left behind; mend the template or take another one",
    ) from error
