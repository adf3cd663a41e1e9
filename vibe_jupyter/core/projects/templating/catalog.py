"""The built-in templates, and what a word for a template means: one of these, a folder, or a git repository."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vibe_jupyter.core.errors import Forbidden, InvalidInput, NotFound, nearest
from vibe_jupyter.core.projects.schemas import TemplateQuestion, TemplateSummary

__all__ = ["GIVEN", "TemplateSource", "built_in", "questions_in", "template_source"]

FOLDER = Path(__file__).parent.parent / "templates"
GIVEN = ("project_name", "description", "project_slug", "package_name")
"""What every template is given, whether it asks or not."""
_SHORT = re.compile(r"(gh|gl):[\w.-]+/[\w.-]+(@[\w./-]+)?\Z")
_URL = re.compile(r"https?://", re.IGNORECASE)
_REF = re.compile(r"(?P<url>.+?)@(?P<ref>[\w.][\w./-]*)\Z")


@dataclass(frozen=True)
class TemplateSource:
    """A template that can be used.

    Args:
        name: as it was named; what a project remembers.
        location: what copier takes: a folder or a URL.
        ref: a tag, branch or commit of a repository; None for the newest release.
        is_own: whether it is one of the built-in ones.
    """

    name: str
    location: str
    ref: str | None = None
    is_own: bool = False

    @property
    def is_remote(self) -> bool:
        """Return whether it comes over the network."""
        return bool(_URL.match(self.location) or _SHORT.match(self.location))


@functools.cache
def built_in() -> tuple[TemplateSummary, ...]:
    """Return the built-in templates by name."""
    return tuple(_summary(folder) for folder in sorted(FOLDER.iterdir()) if (folder / "copier.yml").exists())


def questions_in(definition: dict[str, Any]) -> list[TemplateQuestion]:
    """Return what a template's `copier.yml` asks; what it only computes is left out."""
    found = []
    for name, given in definition.items():
        if name.startswith("_"):
            continue
        asked = given if isinstance(given, dict) else {"type": type(given).__name__, "default": given}
        if asked.get("when") is False:
            continue
        choices = asked.get("choices") or []
        found.append(
            TemplateQuestion(
                name=name,
                type=str(asked.get("type", "str")),
                help=str(asked.get("help", "")),
                default=asked.get("default"),
                choices=list(choices.values()) if isinstance(choices, dict) else list(choices),
            )
        )
    return found


def template_source(text: str, *, allow_paths: bool) -> TemplateSource:
    """Return what a word for a template means.

    Args:
        text: the name of a built-in one; a folder; the https URL of a git repository, or `gh:OWNER/NAME`; the last two
            may end with `@` and a tag, branch or commit.
        allow_paths: whether a folder of this machine may be meant.

    Raises:
        NotFound: `template.not_found`, with similar names.
        InvalidInput: `template.invalid`.
        Forbidden: `template.forbidden`.
    """
    names = [template.name for template in built_in()]
    if text in names:
        return TemplateSource(text, str(FOLDER / text), is_own=True)
    if _SHORT.match(text) or _URL.match(text):
        location, ref = _with_ref(text)
        if "@" in location.partition("://")[2].partition("/")[0]:
            raise InvalidInput(
                "a template's URL holds no user or password",
                code="template.invalid",
                hint="make the repository public, or clone it and give its folder",
            )
        return TemplateSource(text, location, ref)
    if "://" in text or re.match(r"[\w.-]+@[\w.-]+:", text) or "::" in text:
        raise InvalidInput(
            "a template comes over https, from a folder, or is a built-in one",
            code="template.invalid",
            hint=f"built in are {', '.join(names)}",
        )
    if "/" in text or text.startswith((".", "~")):
        if not allow_paths:
            raise Forbidden(
                "a template from a folder is for the owner of this installation",
                code="template.forbidden",
                hint=f"built in are {', '.join(names)}",
            )
        folder = Path(text).expanduser().absolute()
        if not any((folder / name).is_file() for name in ("copier.yml", "copier.yaml")):
            raise NotFound(
                f"{text} is no template: it has no copier.yml",
                code="template.not_found",
                hint="see https://copier.readthedocs.io for how one is made",
            )
        return TemplateSource(text, str(folder))
    near = nearest(text, names)
    raise NotFound(
        f"there is no template {text[:60]!r}",
        code="template.not_found",
        hint=f"did you mean {' or '.join(near)}?" if near else f"built in are {', '.join(names)}",
    )


def _with_ref(text: str) -> tuple[str, str | None]:
    found = _REF.match(text)
    if found is None or ("/" not in found["url"].partition("://")[2] and not text.startswith(("gh:", "gl:"))):
        return text, None
    return found["url"], found["ref"]


def _summary(folder: Path) -> TemplateSummary:
    import yaml

    definition = yaml.safe_load((folder / "copier.yml").read_text(encoding="utf-8"))
    about = yaml.safe_load((folder / "template.yml").read_text(encoding="utf-8"))
    return TemplateSummary(name=folder.name, **about, questions=questions_in(definition))
