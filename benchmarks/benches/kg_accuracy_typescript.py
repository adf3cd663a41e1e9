"""How many call edges of a real TypeScript project the graph has, and how many of its own are true."""

from __future__ import annotations

from benchmarks.context import Context
from benchmarks.figures import BenchResult, at_least
from benchmarks.scip_typescript import typescript_index, typescript_source
from benchmarks.typescript_judge import Project, score_typescript

__all__ = ["run"]

_PACKAGES = (
    *("rxjs@7.8.2", "zod@4.6.7", "@jupyterlab/services@7.6.6", "@lumino/widgets@2.10.0"),
    *("@reduxjs/toolkit@2.14.0", "@tanstack/query-core@5.108.0", "immer@11.2.10"),
)


def run(context: Context) -> BenchResult:
    """Compare one package after the other."""
    packages = _PACKAGES[-1:] if context.is_quick else _PACKAGES
    result = BenchResult(
        name="kg_accuracy_typescript",
        what="Call edges of the graph against scip-typescript 0.4, on released packages that bring their sources",
        how="A call site counts if the compiler says that its name is a function, method or class of the package. P: "
        "how much of what we say is true; R: how much of what is true we say. Edges: pairs of caller and callee, of "
        "the sites that are `scoped` or `imported`.",
        limits=[
            "The way of counting was changed after first results, and no package was held out.",
            "Sites that the index leaves open count for nobody: names that a module exports one by one, for instance.",
            "Of a value of several types it names the first one's method: right answers for others count as wrong",
            "To the index a name that was taken out of an object is a variable: so do answers there.",
        ],
        columns=["package", "sites", "P", "R", "edges", "P", "R"],
    )  # fmt: skip
    worst = [1.0, 1.0]
    for package in packages:
        context.say(f"kg_accuracy_typescript: {package}")
        index = typescript_index(package)
        if not context.with_vibe:
            continue
        score = score_typescript(Project(typescript_source(package)), index)
        measured = (*score.of_sites, *score.of_edges)
        worst = [min(pair) for pair in zip(worst, measured[2:], strict=True)]
        sites_p, sites_r, edges_p, edges_r = (f"{value:.3f}" for value in measured)
        result.rows.append(
            [package, score.sites["true"], sites_p, sites_r, len(score.true_edges), edges_p, edges_r]
        )
    if context.with_vibe:
        result.notes.append(f"The worst package: precision {worst[0]:.3f}, recall {worst[1]:.3f}.")
        result.targets.append(at_least("call edges, recall, of the worst package", worst[1], 0.90, "of 1"))
    return result
