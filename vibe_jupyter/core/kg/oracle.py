"""The oracle `kg_generate`: makes the graph of a project in a worker process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.kg.schemas import KgGenerated, KgGenerateInput
from vibe_jupyter.core.oracles.base import Capability, Context, Oracle

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["KgGenerate"]


class KgGenerate(Oracle):
    """Read a project's code into its knowledge graph; what did not change is not read again."""

    id = "kg_generate"
    title = "The knowledge graph of a project"
    capabilities = (
        Capability(
            name="kg.generate",
            summary="Make or renew the knowledge graph of a project: modules, classes, functions, imports and calls",
            input=KgGenerateInput,
            output=KgGenerated,
            text_field=None,
            table="problems",
            examples=(
                "generate the knowledge graph of this project",
                "build the code graph",
                "renew the knowledge graph",
                "update the graph of the code after my changes",
            ),
        ),
    )

    async def run(self, context: Context, input: BaseModel) -> KgGenerated:
        """Bring the graph up to date.

        Raises:
            NotFound: `path.not_found`.
            InvalidInput: `kg.not_a_folder`.
            Conflict: `kg.busy`.
        """
        import asyncio

        from vibe_jupyter.core.kg.build.generate import generate
        from vibe_jupyter.core.kg.catalog import GraphCatalog

        assert isinstance(input, KgGenerateInput)
        folder = context.resolve(input.path)
        if not folder.is_dir():
            raise InvalidInput(f"{input.path} is not a folder", code="kg.not_a_folder")
        catalog = GraphCatalog(context.data_dir / "kg")
        graph = await asyncio.to_thread(catalog.register, context.user_id, folder)
        done = await context.in_process(
            generate, str(graph.folder), graph.kg_id, str(folder), clean=input.clean, only=input.files
        )
        return KgGenerated(kg_id=graph.kg_id, root=str(folder), **done)
