"""Every surface offers exactly the operations of the table, each with exactly its arguments."""

import ast
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vibe_jupyter.client import api
from vibe_jupyter.client.api import AsyncVibeClient, VibeClient
from vibe_jupyter.client.commands import local
from vibe_jupyter.client.commands.verbs import OWN_VERBS, Surface, help_text, verbs_of
from vibe_jupyter.client.http import HttpTransport
from vibe_jupyter.client.namespaces import Namespace
from vibe_jupyter.core.table import OPERATIONS
from vibe_jupyter.server_ext.handlers import NotFoundHandler, OperationHandler
from vibe_jupyter.server_ext.openapi import document
from vibe_jupyter.server_ext.routes import API, HAND_WRITTEN, routes

Offer = dict[str, set[str]]
"""Operations with the names of their arguments."""

WITHOUT_A_VERB = {"tasks.events"}
"""Operations that make no sense as a command: waiting for a task follows its events."""
WITHOUT_AN_OPERATION = {
    f"{API}/openapi.json",
    "/vibe/docs",
    "/vibe/docs/static/docs.js",
    "/vibe/mcp",
    f"{API}/kg/{{kg_id}}/sparql",
}
"""What the server answers beside the table: the MCP server made of it, and its description."""
OF_A_SURFACE = {
    "no_wait", "input", "out", "json",
    "clean", "words", "server", "allow", "deny", "approval", "trusted", "tool",
    "from_env", "stdin", "typed", "typed_value",
}  # fmt: skip
"""Options that a command line adds to what an operation takes."""


def test_no_surface_lacks_or_invents_an_operation():
    declared = {operation.name: set(operation.arguments.model_fields) for operation in OPERATIONS}
    with_verb = {name: arguments for name, arguments in declared.items() if name not in WITHOUT_A_VERB}
    surfaces: dict[str, tuple[Offer, Callable[[], Offer]]] = {
        "the OpenAPI document": (declared, openapi),
        "the tornado routes": (declared, tornado),
        "the client": (declared, lambda: client(VibeClient)),
        "the async client": (declared, lambda: client(AsyncVibeClient)),
        "the client's stub": (declared, lambda: stub("VibeClient")),
        "the async client's stub": (declared, lambda: stub("AsyncVibeClient")),
        "%vibe": (with_verb, lambda: verbs("magic")),
        "jupyter vibe": (with_verb, lambda: verbs("cli")),
    }
    assert len(declared) == len(OPERATIONS), "two operations have the same name"
    found = [
        difference
        for surface, (expected, offered) in surfaces.items()
        for difference in differences(surface, expected, offered())
    ]
    assert found == []


def test_a_difference_is_told():
    declared = {"a.b": {"x"}, "c.d": set()}
    assert differences("it", declared, declared) == []
    assert differences("it", declared, {"a.b": {"x"}}) == ["it lacks c.d"]
    assert differences("it", declared, {**declared, "e.f": set()}) == ["it invents e.f"]
    assert differences("it", declared, {"a.b": {"y"}, "c.d": set()}) == ["it: a.b takes y and not x"]


def differences(surface: str, declared: Offer, offered: Offer) -> list[str]:
    return [
        *(f"{surface} lacks {name}" for name in sorted(declared.keys() - offered.keys())),
        *(f"{surface} invents {name}" for name in sorted(offered.keys() - declared.keys())),
        *(
            f"{surface}: {name} takes {_listed(offered[name] - declared[name])} "
            f"and not {_listed(declared[name] - offered[name])}"
            for name in sorted(declared.keys() & offered.keys())
            if declared[name] != offered[name]
        ),
    ]


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nothing more"


def openapi() -> Offer:
    described = document("/vibe/api")
    schemas = described["components"]["schemas"]
    offer: Offer = {}
    for path, methods in described["paths"].items():
        for method, entry in methods.items():
            operation = next(one for one in OPERATIONS if one.name == entry["operationId"])
            assert (operation.method, operation.path) == (method.upper(), path)
            arguments = {parameter["name"] for parameter in entry["parameters"]}
            if "requestBody" in entry:
                reference = entry["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                arguments |= set(schemas[reference.rpartition("/")[2]]["properties"])
            assert entry["operationId"] not in offer
            offer[entry["operationId"]] = arguments
    return offer


def tornado() -> Offer:
    """Ask each route for its methods, and each operation for the route that it reaches first."""
    offer: Offer = {}
    every = routes()
    table = [route for route in every if route not in HAND_WRITTEN]
    assert table.pop()[1] is NotFoundHandler, "the last route answers what no other one does"
    for pattern, handler in table:
        assert issubclass(handler, OperationHandler)
        written = {
            name.upper() for name in ("get", "post", "put", "patch", "delete") if name in vars(handler)
        }
        assert written == set(handler.operations) == set(handler.allowed_methods)
        for method, operation in handler.operations.items():
            assert operation.method == method
            assert reached(every, API + re.sub(r"{\w+}", "an-id", operation.path)) is handler
            fields = {
                name for model in (operation.query, operation.body) if model for name in model.model_fields
            }
            offer[operation.name] = {*re.compile(pattern).groupindex, *fields}
    others = {path for path in WITHOUT_AN_OPERATION if reached(every, path) is not NotFoundHandler}
    assert others == WITHOUT_AN_OPERATION
    assert len(HAND_WRITTEN) == len(WITHOUT_AN_OPERATION)
    return offer


def reached(every: list[tuple[Any, ...]], path: str) -> Any:
    return next(route[1] for route in every if re.fullmatch(route[0], path))


def client(kind: type[VibeClient | AsyncVibeClient]) -> Offer:
    made = kind(HttpTransport("http://127.0.0.1:1"))  # nothing is called
    offer: Offer = {}
    for slice_ in set(dir(made)) - set(dir(kind)):
        namespace = getattr(made, slice_)
        if isinstance(namespace, Namespace):
            for name in set(dir(namespace)) - set(dir(Namespace)) - set(vars(namespace)):
                offer[f"{slice_}.{name}"] = set(inspect.signature(getattr(namespace, name)).parameters)
    return offer


def stub(name: str) -> Offer:
    module = ast.parse(Path(api.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    classes = {node.name: node for node in module.body if isinstance(node, ast.ClassDef)}
    offer: Offer = {}
    for field in classes[name].body:
        if isinstance(field, ast.AnnAssign) and ast.unparse(field.annotation).startswith("_"):
            for method in classes[ast.unparse(field.annotation)].body:
                assert isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef))
                arguments = [*method.args.args[1:], *method.args.kwonlyargs]
                offer[f"{ast.unparse(field.target)}.{method.name}"] = {argument.arg for argument in arguments}
    return offer


def verbs(surface: Surface) -> Offer:
    """Ask each verb's parser; an argument that is hidden there counts, for it comes in another way."""
    offer: Offer = {}
    help_ = help_text(surface)
    for words, verb in verbs_of(surface).items():
        assert f" {words} " in help_, f"help does not name {words}"
        if verb.operation is None:
            assert verb.local in local.VERBS or verb.own in OWN_VERBS
            continue
        options = {action.dest for action in verb.parser(surface)._actions}
        taken = options - OF_A_SURFACE
        if words == "task":  # free text is the input of a task without a type
            assert verb.operation.positional in taken
            taken.discard(verb.operation.positional)
        offer[verb.operation.name] = taken | verb.operation.hidden
    others = sum(surface in verb.surfaces for verb in local.VERBS) + sum(
        own.operation is None and surface in own.surfaces for own in OWN_VERBS
    )
    assert len(verbs_of(surface)) == len(offer) + others
    return offer
