"""How many call edges of a real project the graph has, and how many of its own are true: scip-python is the judge."""

from __future__ import annotations

from benchmarks.context import Context
from benchmarks.figures import BenchResult, at_least
from benchmarks.packages import package_source
from benchmarks.python_judge import score_python
from benchmarks.scip import scip_index

__all__ = ["run"]

_PACKAGES = (
    *("jupyter_server==2.21.1", "httpx==0.28.1", "click==8.5.1", "flask==3.1.3", "jinja2==3.1.6"),
    *("rich==15.0.0", "celery==5.7.0", "networkx==3.6.1"),
)
_HELD_OUT = ("aiohttp==3.14.5", "pytest==9.2.0", "scrapy==2.19.0", "tornado==6.6.1")
"""First looked at when all was built but the following of branches, which networkx asked for."""
_WAYS = ("scoped", "imported", "unique-name")
_NOT_BELIEVED = (
    "Not counted, whatever we say: sites where the judge names a function that is called otherwise and that the file "
    "does not import as this. It loses its way where a package exports through chains of `import *` (it takes "
    "networkx's `nx.complement()` for `topological_sort`)."
)


def run(context: Context) -> BenchResult:
    """Compare one package after the other."""
    packages = _PACKAGES[1:3] if context.is_quick else (*_PACKAGES, *_HELD_OUT)
    result = BenchResult(
        name="kg_accuracy",
        what="Call edges of the graph against scip-python 0.6.6, on released packages",
        how="A call site counts if the judge knows what its name means and it is no local variable; it is true if "
        "that is a function, method or class of the package. P: how much of what we say is true; R: how much of what "
        "is true we say. Edges: pairs of caller and callee, of the sites that are `scoped` or `imported`; the ways: "
        "right and wrong answers of each.",
        limits=[
            "The judge is static too: recall is of what pyright can resolve.",
            "Overloads and branches of one name count as one definition.",
            f"Held out up to the last change (of branches, for networkx): {', '.join(_HELD_OUT)}.",
            _NOT_BELIEVED,
        ],
        columns=[
            *("package", "sites", "P", "R", "edges", "P", "R"),
            *(f"{way}: right / wrong" for way in _WAYS),
            "judge not believed",
        ],
    )  # fmt: skip
    worst = [1.0] * 4
    for package in packages:
        context.say(f"kg_accuracy: {package}")
        index = scip_index(package)
        if not context.with_vibe:
            continue
        score = score_python(package_source(package), context.new_folder("kg_accuracy"), index)
        ways = [f"{score.ways[way]['right']} / {score.ways[way]['wrong']}" for way in _WAYS]
        measured = (*score.sites, *score.edges)
        worst = [min(pair) for pair in zip(worst, measured, strict=True)]
        p, r, edge_p, edge_r = (f"{value:.3f}" for value in measured)
        row = [
            package,
            score.true_sites,
            p,
            r,
            len(score.true_edges),
            edge_p,
            edge_r,
            *ways,
            score.contradicted,
        ]
        result.rows.append(row)
    if context.with_vibe:
        figures = zip(
            ("call sites, precision", "call sites, recall", "call edges, precision", "call edges, recall"),
            worst,
            (0.98, 0.90, 0.98, 0.90),
            strict=True,
        )
        for what, value, bound in figures:
            result.targets.append(at_least(f"{what}, of the worst package", value, bound, "of 1"))
    return result
