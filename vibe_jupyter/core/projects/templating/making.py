"""A project is made of a template: in a draft beside its place, which is moved there when all is well.

It runs in a worker process, which can be killed: that bounds what copier and jinja do with a stranger's template.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import Conflict, Forbidden, InvalidInput, Unavailable, VibeError, nearest
from vibe_jupyter.core.projects.templating.catalog import GIVEN, questions_in
from vibe_jupyter.core.projects.templating.naming import module_name, slug

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vibe_jupyter.core.projects.schemas import TemplateQuestion
    from vibe_jupyter.core.projects.templating.catalog import TemplateSource

__all__ = ["Made", "draft_beside", "make"]

_TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str, "bool": bool, "int": int, "float": (int, float), "json": object, "yaml": object, "path": str,
}  # fmt: skip
_SHOWN = 500


@dataclass(frozen=True)
class Made:
    """What was made: the template as it was named, its commit if it has one, and the files."""

    template: str
    commit: str | None
    files: list[str] = field(default_factory=list)


def make(
    source: TemplateSource,
    destination: Path,
    answers: dict[str, Any],
    *,
    trusted: bool,
    allow_private: bool,
    draft: Path | None = None,
) -> Made:
    """Make a project; if that fails, nothing of it is left.

    Args:
        source: the template.
        destination: a folder that is not there, or empty.
        answers: to the template's questions; the others have their defaults.
        trusted: whether the template may run code of its own: tasks, migrations, jinja extensions.
        allow_private: whether it may come from this machine's network.
        draft: where it is made first, beside the destination; named by whoever has to remove it if this process is
            killed.

    Raises:
        InvalidInput: `template.invalid_answer`, `template.invalid`.
        Forbidden: `template.untrusted`, `template.unsafe`, `url.forbidden_address`.
        Conflict: `project.folder_not_empty`.
        Unavailable: `template.unreachable`.
        VibeError: `template.failed`.
    """
    _check_address(source, allow_private=allow_private)
    name = str(answers.get("project_name") or destination.name)
    given = {
        "project_name": name,
        "description": str(answers.get("description") or ""),
        "project_slug": slug(name),
        "package_name": module_name(name),
    }
    _check_answers(_questions_here(source), answers)
    draft = draft or draft_beside(destination)
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        commit = _render(source, draft, given, answers, trusted=trusted)
        files = sorted(_checked(draft))
        _move(draft, destination)
    except OSError as error:
        raise InvalidInput(
            f"a folder cannot be made at {destination}: {error.strerror}"[:_SHOWN],
            code="path.invalid",
            hint="give another path",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Made(source.name, commit, files)


def draft_beside(destination: Path) -> Path:
    """Return a new name beside a folder, for what is not finished."""
    return destination.parent / f".{destination.name[:60]}.{secrets.token_hex(4)}.vibe-draft"


def _check_address(source: TemplateSource, *, allow_private: bool) -> None:
    if not source.is_remote:
        return
    import asyncio
    import urllib.parse

    from vibe_jupyter.core.services.addresses import check_url, resolved

    if source.location.startswith(("gh:", "gl:")):
        return
    check_url(source.location, allow_private=allow_private)
    parts = urllib.parse.urlsplit(source.location)
    with contextlib.suppress(OSError):  # git says it better
        asyncio.run(resolved(parts.hostname or "", parts.port or 443, allow_private=allow_private))


def _render(
    source: TemplateSource, draft: Path, given: dict[str, Any], answers: dict[str, Any], *, trusted: bool
) -> str | None:
    """Let copier write the draft, and return the template's commit."""
    import subprocess
    import warnings

    from plumbum.commands.processes import ProcessExecutionError

    os.environ |= {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "https:http:file",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import copier
        from copier.errors import CopierError, TaskError, UnsafeTemplateError
        from jinja2 import TemplateError

        try:
            worker = copier.run_copy(
                source.location,
                draft,
                {**given, **answers},
                vcs_ref=source.ref,
                defaults=True,
                quiet=True,
                unsafe=trusted or source.is_own,
                exclude=[".git"],
            )
        except UnsafeTemplateError as error:
            raise Forbidden(
                f"the template {source.name} wants to run code of its own: {error}"[:_SHOWN],
                code="template.untrusted",
                hint="read it; if you trust it, make the project with --trust-template",
            ) from error
        except (TaskError, subprocess.CalledProcessError) as error:
            raise _failed(source, f"a task of its own failed: {error}") from error
        except ProcessExecutionError as error:  # git
            said = str(error.stderr or error).strip().splitlines()
            raise Unavailable(
                f"the template {source.name} cannot be fetched: {said[-1] if said else error}"[:_SHOWN],
                code="template.unreachable",
                hint="check the URL, the ref and the network",
            ) from error
        except TemplateError as error:
            raise _failed(source, f"{type(error).__name__}: {error}") from error
        except (CopierError, ValueError, TypeError) as error:
            raise InvalidInput(
                f"{source.name}: {error}"[:_SHOWN],
                code="template.invalid",
                hint="%vibe project templates shows what a built-in template asks",
            ) from error
        except Exception as error:  # whatever a stranger's template lets happen
            raise _failed(source, f"{type(error).__name__}: {error}") from error
    _check_answers(questions_in(dict(worker.template.questions_data)), answers)
    if not draft.is_dir():
        raise _failed(source, "it makes no file")
    commit: str | None = worker.template.commit_hash if source.is_remote else None
    return commit


def _questions_here(source: TemplateSource) -> list[TemplateQuestion] | None:
    """Return what a template of this machine asks; None where that is not known before copier has read it."""
    import yaml

    for name in ("copier.yml", "copier.yaml"):
        with contextlib.suppress(OSError, yaml.YAMLError):
            definition = yaml.safe_load(Path(source.location, name).read_text(encoding="utf-8"))
            return questions_in(definition) if isinstance(definition, dict) else None
    return None


def _check_answers(questions: list[TemplateQuestion] | None, answers: dict[str, Any]) -> None:
    if questions is None:
        return
    known = {question.name: question for question in questions}
    for name, value in answers.items():
        question = known.get(name)
        if question is None:
            if name in GIVEN:
                continue
            near = nearest(name, known)
            raise InvalidInput(
                f"the template does not ask for {name[:60]!r}",
                code="template.invalid_answer",
                hint=f"did you mean {near[0]}?" if near else f"it asks for {', '.join(known) or 'nothing'}",
                errors=[{"loc": ["answers", name], "msg": "no such question"}],
            )
        expected = _TYPES.get(question.type, object)
        if not isinstance(value, expected) or (isinstance(value, bool) and question.type in ("int", "float")):
            raise _wrong(name, f"should be of type {question.type}")
        if question.choices and value not in question.choices:
            raise _wrong(name, f"should be one of {', '.join(map(str, question.choices))}")


def _wrong(name: str, message: str) -> InvalidInput:
    return InvalidInput(
        f"answers.{name}: {message}",
        code="template.invalid_answer",
        errors=[{"loc": ["answers", name], "msg": message}],
    )


def _checked(draft: Path) -> Iterator[str]:
    """Yield the files of a draft, and refuse what must not lie in a project.

    Raises:
        Forbidden: `template.unsafe`.
    """
    for folder, names, files in os.walk(draft):
        for name in (*names, *files):
            path = Path(folder, name)
            inside = path.relative_to(draft).as_posix()
            if name.lower() == ".git":
                raise _unsafe(inside, "a repository of its own, whose hooks would run")
            if path.is_symlink() and (
                Path(path.readlink()).is_absolute() or not path.resolve().is_relative_to(draft.resolve())
            ):
                raise _unsafe(inside, "a link that leads out of the project")
        yield from (Path(folder, name).relative_to(draft).as_posix() for name in files)


def _unsafe(path: str, what: str) -> Forbidden:
    return Forbidden(
        f"the template makes {path}: {what}", code="template.unsafe", hint="tell the template's author"
    )


def _move(draft: Path, destination: Path) -> None:
    try:
        if destination.is_dir() and not destination.is_symlink():
            destination.rmdir()
        draft.rename(destination)
    except OSError as error:
        raise Conflict(
            f"{destination} is there already and not empty",
            code="project.folder_not_empty",
            hint="give another path",
        ) from error


def _failed(source: TemplateSource, why: str) -> VibeError:
    error = VibeError(
        f"the template {source.name} failed: {why}"[:_SHOWN],
        code="template.failed",
        hint="nothing was made; the template has to be mended",
    )
    error.status = 422
    return error
