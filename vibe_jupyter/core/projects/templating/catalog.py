"""Which templates there are, and where the one that somebody names is to be had."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from vibe_jupyter.core.errors import InvalidInput, NotFound, nearest
from vibe_jupyter.core.projects.templating.schemas import TemplateInfo, TemplateQuestion
from vibe_jupyter.core.services.addresses import check_url

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FOLDER", "TemplateSource", "built_in", "question_of", "template_source"]

FOLDER = Path(__file__).parents[1] / "templates"
"""Where the templates are that come with the platform, each in a folder of its name."""

_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/-]{0,199}\Z")
_HOSTS = {"gh:": "https://github.com", "gl:": "https://gitlab.com"}
_OTHER_TRANSPORTS = re.compile(r"(?:git@|ssh:|git:|file:|git\+(?:ssh|git|file):|[a-z+.-]+://)", re.IGNORECASE)
_WEB = re.compile(r"(?:git\+)?(https?://)", re.IGNORECASE)


@dataclass(frozen=True)
class TemplateSource:
    """Where a template is to be had.

    Args:
        kind: whether it comes with the platform, lies in a folder here, or in a git repository elsewhere.
        text: as the person named it, to be shown and stored; it never has credentials.
        location: the absolute folder, or the URL.
        ref: tag, branch or commit; None for the newest release of a git URL, and the folder as it is now.
        allow_private: whether a URL may lead to this machine and its network.
    """

    kind: Literal["built_in", "folder", "git"]
    text: str
    location: str
    ref: str | None = None
    allow_private: bool = False


@cache
def built_in() -> list[TemplateInfo]:
    """Return the templates that come with the platform, by name."""
    return [_read(folder) for folder in sorted(FOLDER.iterdir()) if (folder / "copier.yml").is_file()]


def template_source(
    text: str,
    *,
    allow_private: bool,
    resolve: Callable[[str], Path] | None = None,
    github_url: str = _HOSTS["gh:"],
) -> TemplateSource:
    """Return where a template is to be had that somebody named.

    Args:
        text: the name of a built-in one; a folder (`./mine`, `~/mine`, `/srv/mine`); a git URL (`https://...`,
            `gh:owner/repository`, `gl:owner/repository`). Folder and URL may end with `@ref`.
        allow_private: whether a URL may lead to this machine and its network.
        resolve: returns the real folder that a path means, or raises if the caller may not read it; None if no folder
            of this machine may be used.
        github_url: what `gh:` stands for.

    Raises:
        NotFound: `template.not_found`, with the nearest names.
        InvalidInput: `template.source_invalid`, `template.credentials_in_url`, `url.invalid`.
        Forbidden: `url.forbidden_address`.
    """
    text = text.strip()
    if not text or any(not sign.isprintable() for sign in text):
        raise _invalid("a template is named by its name, a folder or a URL, without control characters")
    if (web := _web_address(text, github_url)) is not None:
        url, ref = _split_url(web)
        check_url(url, allow_private=allow_private)
        return TemplateSource("git", text, url, ref, allow_private)
    if _OTHER_TRANSPORTS.match(text):
        raise _invalid(
            f"templates are fetched over https only, not from {_without_user(text)[:100]!r}",
            hint="write https://host/owner/repository.git, or clone it yourself and name the folder",
        )
    if "/" in text or "\\" in text or text.startswith((".", "~")):
        return _folder(text, resolve)
    return _named(text)


def question_of(name: str, asked: Any, *, is_secret: bool = False) -> TemplateQuestion | None:
    """Return a question of a `copier.yml`; None for one that nobody is asked, as its answer is computed."""
    if not isinstance(asked, dict):  # the short form: `name: default`
        asked = {"default": asked}
    if asked.get("when") is False:
        return None
    default = asked.get("default")
    has_choices = isinstance(
        asked.get("choices"), dict | list
    )  # a text is computed when the template is used
    return TemplateQuestion(
        name=name,
        type=str(asked.get("type") or _type_of(default)),
        help=str(asked.get("help", "")),
        default=None if _is_computed(default) else default,
        choices=[_value(choice) for choice in _pairs(asked["choices"])] if has_choices else None,
        multiple=bool(asked.get("multiselect", False)),
        secret=bool(asked.get("secret", False)) or is_secret,
    )


def _read(folder: Path) -> TemplateInfo:
    import yaml

    config = yaml.safe_load((folder / "copier.yml").read_text(encoding="utf-8"))
    about = config["_about"]
    asked = (question_of(name, value) for name, value in config.items() if not name.startswith("_"))
    return TemplateInfo(
        name=folder.name,
        title=about["title"],
        summary=about["summary"],
        makes=about["makes"],
        questions=[question for question in asked if question is not None],
    )


def _named(text: str) -> TemplateSource:
    names = [template.name for template in built_in()]
    name, at, _ = text.partition("@")
    if name not in names:
        near = nearest(name, names)
        offer = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)};"
        raise NotFound(
            f"there is no template {text[:100]!r}",
            code="template.not_found",
            hint=f"{offer} a folder is written ./name, a repository gh:owner/name",
            data={"similar": near, "known": names},
        )
    if at:
        raise _invalid(
            f"{name} comes with the platform and has no other versions", hint=f"write {name} alone"
        )
    return TemplateSource("built_in", name, str(FOLDER / name))


def _folder(text: str, resolve: Callable[[str], Path] | None) -> TemplateSource:
    if resolve is None:
        raise _invalid(
            "folders of this machine cannot be used as templates here",
            hint="name a built-in template or a git URL",
        )
    ref = None
    try:
        folder = resolve(text)
    except NotFound:
        path, at, end = text.rpartition("@")
        if not at or not path:
            raise
        folder, ref = resolve(path), _checked_ref(end)
    if not folder.is_dir():
        raise NotFound(
            f"there is no template in {text}: it is no folder",
            code="template.not_found",
            hint="name the folder that has the copier.yml",
        )
    return TemplateSource("folder", text, str(folder), ref)


def _web_address(text: str, github_url: str) -> str | None:
    """Return the URL that a text means; None if it means something else."""
    for prefix, host in {**_HOSTS, "gh:": github_url}.items():
        if text.startswith(prefix):
            path, at, ref = text.removeprefix(prefix).strip("/").partition("@")
            if not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)+", path, re.ASCII):
                raise _invalid(f"{prefix} is followed by owner/repository, not by {path[:100]!r}")
            return f"{host.rstrip('/')}/{path.removesuffix('.git')}.git{at}{ref}"
    if (scheme := _WEB.match(text)) is not None:
        return scheme[1].lower() + text[scheme.end() :]
    return None


def _split_url(text: str) -> tuple[str, str | None]:
    scheme, _, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    if "@" in host:
        raise InvalidInput(
            "the URL of a template has a user or a password in it",
            code="template.credentials_in_url",
            hint="leave them out; clone a private template yourself and name the folder",
        )
    path, at, ref = path.partition("@")
    parts = urlsplit(f"{scheme}://{host}{slash}{path}")
    if parts.query or parts.fragment or "?" in ref or "#" in ref:
        raise _invalid("the URL of a template has no query and no fragment", hint="write its version as @ref")
    if not path.strip("/"):
        raise _invalid(f"{scheme}://{host}{slash}"[:100] + " names no repository")
    return f"{scheme}://{host}{slash}{path}", _checked_ref(ref) if at else None


def _checked_ref(ref: str) -> str:
    if not _REF.match(ref) or ".." in ref or ref.endswith((".lock", "/", ".")) or "//" in ref:
        raise _invalid(
            f"@{ref[:100]} is no tag, branch or commit",
            hint="a ref has letters, digits and . _ + / - and begins with a letter or digit",
        )
    return ref


def _without_user(text: str) -> str:
    return re.sub(r"//[^/@]*@", "//", text)


def _invalid(message: str, *, hint: str | None = None) -> InvalidInput:
    return InvalidInput(
        message,
        code="template.source_invalid",
        hint=hint,
        errors=[{"loc": ["template"], "msg": "no usable template"}],
    )


def _is_computed(default: Any) -> bool:
    return isinstance(default, str) and ("{{" in default or "{%" in default)


def _type_of(default: Any) -> str:
    name = type(default).__name__
    return name if name in ("str", "int", "float", "bool") else "yaml"


def _pairs(choices: dict[str, Any] | list[Any]) -> list[Any]:
    return list(choices.items()) if isinstance(choices, dict) else choices


def _value(choice: Any) -> Any:
    """Return what a choice stands for: alone, behind its label, or with more about it."""
    value = choice[1] if isinstance(choice, tuple | list) and len(choice) == 2 else choice
    return value.get("value") if isinstance(value, dict) else value
