"""The templates that come with the platform: what each makes, and what it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generation.markdown import table
from vibe_jupyter.core.projects.templating.catalog import built_in

if TYPE_CHECKING:
    from vibe_jupyter.core.projects.templating.schemas import TemplateInfo, TemplateQuestion

__all__ = ["template_sections"]


def template_sections() -> str:
    """Return a section for each template."""
    return "\n".join(_section(template) for template in built_in())


def _section(template: TemplateInfo) -> str:
    makes = "\n".join(f"- {part}" for part in template.makes)
    rows = [(f"`{each.name}`", each.help, _default(each), _choices(each)) for each in template.questions]
    asked = table(("Answer", "Question", "Default", "Choices"), rows)
    return f"### {template.name}\n\n{template.summary}\n\n{makes}\n\n{asked}"


def _default(question: TemplateQuestion) -> str:
    return "from the project" if question.default is None else str(question.default)


def _choices(question: TemplateQuestion) -> str:
    return ", ".join(f"`{choice}`" for choice in question.choices or ())
