"""How projects, their files and their checkpoints are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.projects.schemas import (
    Checkpoint,
    CheckpointList,
    Diff,
    FileChange,
    FileList,
    Project,
    ProjectList,
    TemplateList,
    Undone,
)
from vibe_jupyter.widgets.rendering.document import (
    NOTHING,
    Block,
    Cell,
    Code,
    Column,
    Command,
    Id,
    Line,
    Link,
    Table,
    Text,
)
from vibe_jupyter.widgets.rendering.formats import counted, size
from vibe_jupyter.widgets.rendering.registry import Renderer
from vibe_jupyter.widgets.rendering.tasks import when_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RENDERERS"]

_SHOWN = 200
_SHOWN_PATHS = 20
_PATCH_CHARACTERS = 20_000


def _project(project: Project) -> Iterator[Block]:
    yield Line(
        Text(project.name, "strong"), "  ", Text(project.path, "muted", limit=300), "  ", Id(project.id)
    )
    if project.description:
        yield Line(Text(project.description, limit=500))
    made = f"made from {project.template}" if project.template else "a folder that was there before"
    yield Line(Text(made, "muted", limit=200), " · ", when_cell(project.created_at))
    if project.archived_at is not None:
        yield Line(Text("archived ", "warn"), when_cell(project.archived_at))
    if project.missing:
        yield Line(
            Text("▲ its folder is gone; ", "warn"),
            Command("project undo"),
            " brings it back from its checkpoint",
        )
    if project.github is not None:
        commit = f" at {project.github.commit[:8]}" if project.github.commit else ", nothing pushed yet"
        yield Line("GitHub ", Link(project.github.url, project.github.full_name), commit)
    if project.space is not None:
        stage = f" · {project.space.stage}" if project.space.stage else ""
        yield Line("Space ", Link(project.space.url, project.space.id), stage)


def _projects(listed: ProjectList) -> Iterator[Block]:
    if not listed.items:
        yield Line(Text("no project yet; ", "muted"), Command("project new NAME"), " makes one")
        return
    yield Line(counted(listed.total, "project"))
    rows: list[tuple[Cell, ...]] = [
        (
            Text(one.name, "strong", limit=100),
            Text(one.template, limit=60) if one.template else NOTHING,
            Text(one.path, "muted", limit=200),
            when_cell(one.updated_at),
            Id(one.id),
        )
        for one in listed.items
    ]
    yield Table(
        (Column("name"), Column("template"), Column("folder"), Column("changed"), Column("id")),
        rows,
        limit=_SHOWN,
    )


def _templates(listed: TemplateList) -> Iterator[Block]:
    rows: list[tuple[Cell, ...]] = [
        (
            Text(one.name, "code"),
            Text(one.summary, limit=300),
            Text(", ".join(question.name for question in one.questions), "muted", limit=200),
        )
        for one in listed.templates
    ]
    yield Table((Column("template"), Column("makes"), Column("asks for")), rows, limit=_SHOWN)
    yield Line(Command("project new", "NAME --template TEMPLATE"), " makes a project of one")


def _files(listed: FileList) -> Iterator[Block]:
    total = sum(file.size_bytes for file in listed.files)
    more = "; there are more" if listed.truncated else ""
    yield Line(counted(len(listed.files), "file"), " · ", size(total), more)
    rows: list[tuple[Cell, ...]] = [
        (Text(file.path, "code", limit=200), Text(size(file.size_bytes)), when_cell(file.modified_at))
        for file in listed.files
    ]
    yield Table((Column("file"), Column("size"), Column("changed")), rows, limit=_SHOWN)


def _change(change: FileChange) -> Iterator[Block]:
    done = "deleted" if change.size_bytes is None else f"written, {size(change.size_bytes)}"
    yield Line(Text(change.file, "code", limit=200), f" {done} · ", Command("project undo"), " takes it back")


def _checkpoint(made: Checkpoint) -> Iterator[Block]:
    yield Line(
        Text(made.message, "strong", limit=200),
        " · ",
        counted(made.files, "file"),
        " · ",
        size(made.size_bytes),
        "  ",
        Id(made.id),
    )
    yield from _paths("left out", list(made.left_out.items()))


def _checkpoints(listed: CheckpointList) -> Iterator[Block]:
    if not listed.checkpoints:
        yield Line(Text("no checkpoint yet; ", "muted"), Command("project checkpoint"), " makes one")
        return
    rows: list[tuple[Cell, ...]] = [
        (
            Text(one.message, "strong" if one.kind == "person" else "plain", limit=120),
            Text(str(one.files)),
            Text(size(one.size_bytes)),
            when_cell(one.created_at),
            Id(one.id),
        )
        for one in listed.checkpoints
    ]
    yield Table(
        (Column("checkpoint"), Column("files"), Column("size"), Column("made"), Column("id")),
        rows,
        limit=_SHOWN,
    )


def _diff(diff: Diff) -> Iterator[Block]:
    if not diff.files:
        yield Line(Text("nothing has changed", "muted"))
        return
    rows: list[tuple[Cell, ...]] = [
        (
            Text(one.path, "code", limit=200),
            Text(one.status),
            NOTHING if one.added is None else Text(f"+{one.added}", "good"),
            NOTHING if one.removed is None else Text(f"-{one.removed}", "bad"),
        )
        for one in diff.files
    ]
    yield Table((Column("file"), Column(""), Column("lines"), Column("")), rows, limit=_SHOWN)
    yield Code(diff.patch[:_PATCH_CHARACTERS])
    if diff.truncated or len(diff.patch) > _PATCH_CHARACTERS:
        yield Line(Text("… cut; .patch has more of it", "warn"))


def _undone(done: Undone) -> Iterator[Block]:
    yield Line("back at ", Text(done.checkpoint.message, "strong", limit=200), "  ", Id(done.checkpoint.id))
    yield from _paths("brought back", [(path, "") for path in done.written])
    yield from _paths("removed", [(path, "") for path in done.removed])
    yield from _paths("left as they are", list(done.left.items()))
    yield Line(Command("project undo", done.before[-8:]), " goes forward again")


def _paths(what: str, paths: list[tuple[str, str]]) -> Iterator[Block]:
    if not paths:
        return
    yield Line(f"{what}: {counted(len(paths), 'file')}")
    for path, why in paths[:_SHOWN_PATHS]:
        yield Line("  ", Text(path, "code", limit=200), " ", Text(why, "muted", limit=200))
    if len(paths) > _SHOWN_PATHS:
        yield Line(Text(f"  … and {len(paths) - _SHOWN_PATHS} more", "muted"))


RENDERERS = {
    Project: Renderer(_project),
    ProjectList: Renderer(_projects),
    TemplateList: Renderer(_templates),
    FileList: Renderer(_files),
    FileChange: Renderer(_change),
    Checkpoint: Renderer(_checkpoint),
    CheckpointList: Renderer(_checkpoints),
    Diff: Renderer(_diff),
    Undone: Renderer(_undone),
}
