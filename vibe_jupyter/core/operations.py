"""The operation table's machinery: one declaration per public function, from which all surfaces derive.

>>> @operation("tasks.get", "GET /tasks/{task_id}", verb="task show", scope="tasks:read")
... async def get_task(platform: Platform, principal: Principal, task_id: str) -> Task:
...     '''Return one task with its state and result.'''

After `platform` and `principal`, a parameter is part of the path if the route names it, else it is a pydantic
model: `query` or `body`. Their fields and the path's names are distinct, so that a client method or a command
line is one flat list of arguments. Operations never prompt and never render.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from vibe_jupyter.core.errors import InvalidInput, nearest

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

__all__ = [
    "MEDIA_TYPE_HEADER",
    "SHOWN_FAULTS",
    "Arguments",
    "Document",
    "Encoded",
    "Kind",
    "Operation",
    "faults_of",
    "invalid",
    "operation",
    "validated",
    "wrong_types",
]

T = TypeVar("T")
Kind = Literal["call", "stream", "document"]
MEDIA_TYPE_HEADER = "X-Media-Type"
"""What a document is, where its `Content-Type` is less, lest a browser shows it."""
SHOWN_FAULTS = 20
_PATH_NAME = re.compile(r"{(\w+)}")


class Encoded(Generic[T]):
    """A result that is JSON already: a surface that sends JSON passes it on, others decode it as a `T`.

    The database holds most of a task as JSON text; to parse and print it again would cost more than the rest
    of a request.
    """

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content = content


class Document(BaseModel):
    """A result that is a file: over HTTP its bytes, elsewhere this object."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    content: bytes = Field(repr=False)
    media_type: str
    filename: str

    def save(self, path: str | Path | None = None) -> Path:
        """Write it to a file, by default under its own name in the working directory, and return where."""
        place = Path(path or Path(self.filename).name)
        place.write_bytes(self.content)
        return place


class Arguments(BaseModel):
    """All arguments of an operation in one flat model: unknown ones are refused."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, eq=False)
class Operation:
    """One public function of the platform and how the outside names it."""

    name: str
    """`slice.verb`: the operation id in OpenAPI and the client's method, e.g. `tasks.create`."""
    function: Callable[..., Any]
    method: str
    path: str
    scope: str | None
    """What the principal must be allowed; None if anybody may ask."""
    status: int = 200
    verb: str | None = None
    """The words of `%vibe` and `jupyter vibe`, e.g. `task show`; None if it has no command line."""
    positional: str | None = None
    """The argument that is given without a flag; of several, in order, each but the last one is a single word."""
    inline: bool = False
    """Whether it only does short indexed reads or one write, and so runs on the caller's own loop."""
    waits: bool = False
    """Whether it takes as long as something else takes: a client waits, and ends it by closing its connection."""
    mcp: bool = False
    """Whether our own MCP server offers it as a tool."""
    hidden: frozenset[str] = field(default_factory=frozenset)
    """Arguments that make no sense on a command line."""

    @property
    def summary(self) -> str:
        """Return the first line of the docstring."""
        return self.description.splitlines()[0]

    @property
    def description(self) -> str:
        """Return the docstring."""
        return inspect.getdoc(self.function) or self.name

    @property
    def path_names(self) -> tuple[str, ...]:
        """Return the names in the path, in order."""
        return tuple(_PATH_NAME.findall(self.path))

    @cached_property
    def _hints(self) -> dict[str, Any]:
        """Resolve the annotations; those of `platform` and `principal` are for type checkers only."""
        module = inspect.getmodule(self.function)
        wanted = {
            name: note
            for name, note in inspect.get_annotations(self.function).items()
            if name not in ("platform", "principal")
        }
        holder = type("holder", (), {"__annotations__": wanted})
        return get_type_hints(holder, vars(module), include_extras=True)

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the declared parameters behind `platform` and `principal`, with their types."""
        return {name: hint for name, hint in self._hints.items() if name != "return"}

    @cached_property
    def query(self) -> type[BaseModel] | None:
        """Return the model of the query string."""
        return self.parameters.get("query")

    @cached_property
    def body(self) -> type[BaseModel] | None:
        """Return the model of the body."""
        return self.parameters.get("body")

    @cached_property
    def kind(self) -> Kind:
        """Return whether it answers once, streams, or answers with a file."""
        hint = self._hints["return"]
        if get_origin(hint) is AsyncIterator:
            return "stream"
        return "document" if hint is Document else "call"

    @cached_property
    def result_type(self) -> Any:
        """Return what a call answers, or what each item of a stream is."""
        hint = self._hints["return"]
        return get_args(hint)[0] if get_origin(hint) in (AsyncIterator, Encoded) else hint

    @cached_property
    def result(self) -> TypeAdapter[Any]:
        """Return what encodes and decodes the result."""
        return TypeAdapter(self.result_type)

    @cached_property
    def arguments(self) -> type[Arguments]:
        """Return all arguments as one flat model."""
        fields: dict[str, Any] = {name: (self.parameters[name], ...) for name in self.path_names}
        for model in (self.query, self.body):
            for name, info in _fields(model):
                if name in fields:
                    raise TypeError(f"{self.name}: the argument {name!r} is declared twice")
                fields[name] = (info.annotation, info)
        return create_model(f"{self.name.title().replace('.', '')}Arguments", __base__=Arguments, **fields)

    def bind(self, values: dict[str, Any]) -> dict[str, Any]:
        """Validate flat arguments and group them as the function wants them.

        Raises:
            InvalidInput: `request.invalid`, with the faulty fields.
        """
        bound: dict[str, Any] = {}
        rest = dict(values)
        for name in self.path_names:
            if name not in rest:
                raise InvalidInput(f"{name} is missing", errors=[{"loc": [name], "msg": "Field required"}])
            bound[name] = str(rest.pop(name))
            if bound[name] in ("", ".", ".."):  # no part of a URL's path
                raise InvalidInput(
                    f"{name} cannot be {bound[name]!r}", errors=[{"loc": [name], "msg": "no id"}]
                )
        for name, model in (("query", self.query), ("body", self.body)):
            if model is not None:
                own = {key: rest.pop(key) for key, _ in _fields(model) if key in rest}
                bound[name] = validated(model, own, is_text=name == "query")
                if name == "body":
                    bound[name] = _as_sent(bound[name])
        if rest:
            known = list(self.arguments.model_fields)
            raise InvalidInput(
                f"{self.name} takes no argument {', '.join(map(repr, sorted(rest)))}",
                hint=f"it takes {', '.join(known)}" if known else "it takes none",
                errors=[{"loc": [key], "msg": "unknown argument"} for key in sorted(rest)],
            )
        return bound

    def decode(self, value: Any) -> Any:
        """Return the result as an object, where the function has answered with its JSON."""
        return self.result.validate_json(value.content) if isinstance(value, Encoded) else value

    def encode(self, value: Any) -> bytes:
        """Return the result, or an item of a stream, as JSON."""
        return value.content if isinstance(value, Encoded) else self.result.dump_json(value)


def operation(
    name: str, route: str, *, scope: str | None, hidden: tuple[str, ...] = (), **options: Any
) -> Callable[[Callable[..., Awaitable[Any] | AsyncIterator[Any]]], Operation]:
    """Declare a function as an operation; see the fields of `Operation` for the options."""
    method, path = route.split()

    def declare(function: Callable[..., Any]) -> Operation:
        return Operation(name, function, method, path, scope, hidden=frozenset(hidden), **options)

    return declare


def validated(model: type[BaseModel], values: dict[str, Any], *, is_text: bool = False) -> BaseModel:
    """Return `values` as the model; `is_text` if they come from where all is text, as in a query string.

    Raises:
        InvalidInput: `request.invalid`, with the faulty fields but never with what was sent.
    """
    try:
        found = model.model_validate(values)
    except ValidationError as error:
        raise _with_known_names(invalid(error), model) from None
    if wrong := wrong_types(values, found, is_text=is_text):
        raise wrong
    return found


def wrong_types(
    values: dict[str, Any], found: BaseModel, *inside: str, is_text: bool = False
) -> InvalidInput | None:
    """Return our error if pydantic has made a number of true or false, or one of these of something else."""
    meant_by = found.__dict__
    for name, value in values.items():
        meant = meant_by.get(name)
        if value is True or value is False:
            message = "Input should be a number" if type(meant) in (int, float) else None
        elif meant is True or meant is False:
            message = None if is_text else "Input should be true or false"
        elif type(value) is dict and isinstance(meant, BaseModel):
            if inner := wrong_types(value, meant, *inside, name, is_text=is_text):
                return inner
            continue
        else:
            continue
        if message is not None:
            where = [*inside, name]
            return InvalidInput(f"{'.'.join(where)}: {message}", errors=[{"loc": where, "msg": message}])
    return None


def invalid(error: ValidationError, *inside: str) -> InvalidInput:
    """Return pydantic's findings as our error; `inside` is where the faulty object stands."""
    faults = faults_of(error, *inside)
    first = faults[0]
    where = ".".join(map(str, first["loc"])) or "the value"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return InvalidInput(f"{where}: {first['msg']}{more}", errors=faults)


def _with_known_names(error: InvalidInput, model: type[BaseModel]) -> InvalidInput:
    """Return an error about a name that there is none of with the names that there are."""
    first = (error.errors or [{}])[0]
    if error.hint is None and first.get("msg") == "Extra inputs are not permitted" and len(first["loc"]) == 1:
        known = [field.alias or name for name, field in model.model_fields.items()]
        near = nearest(str(first["loc"][0]), known)
        error.hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"[:300]
    return error


def faults_of(error: ValidationError, *inside: str) -> list[dict[str, Any]]:
    """Return the first faulty fields, each `{"loc": [...], "msg": "..."}`."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[:SHOWN_FAULTS]
    return [{"loc": [*inside, *fault["loc"]], "msg": fault["msg"]} for fault in found]


def _as_sent(body: BaseModel) -> BaseModel:
    """Return a body as it arrives over a wire: so a call in this process takes and refuses the same.

    Raises:
        InvalidInput: `request.invalid`, if it cannot be said in JSON.
    """
    from orjson import loads

    try:
        sent = json.dumps(body.model_dump(mode="json", exclude_unset=True), allow_nan=False)
        values = loads(sent)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(
            f"an argument cannot be sent as JSON: {error}"[:300],
            hint="give text, finite numbers, true, false, null, and lists and objects of these",
        ) from error
    return validated(type(body), values)


def _fields(model: type[BaseModel] | None) -> list[tuple[str, FieldInfo]]:
    return [] if model is None else list(model.model_fields.items())
