"""What TypeScript and JavaScript files define."""

from __future__ import annotations

from textwrap import dedent

import pytest

from vibe_jupyter.core.kg.extract.facts import Definition, FileFacts
from vibe_jupyter.core.kg.extract.typescript import extract_typescript
from vibe_jupyter.core.kg.model.names import qualified_names


def read(source: str, language: str = "typescript") -> FileFacts:
    return extract_typescript(dedent(source).encode(), language)


def outline(facts: FileFacts) -> list[str]:
    return [f"{d.kind} {name}" for d, name in zip(facts.definitions, qualified_names(facts), strict=True)]


def named(facts: FileFacts) -> dict[str, Definition]:
    return dict(zip(qualified_names(facts), facts.definitions, strict=True))


def test_functions_are_declarations_arrows_expressions_and_properties() -> None:
    facts = read(
        """
        function declared() {}
        async function* streamed() {}
        const arrow = async () => {}, expression = function inner() {};
        export default function () {}
        const api = { get() {}, list: () => 1, nested: { deep: function () {} }, get size() { return 1 } };
        register({ activate: () => {} });
        """
    )
    assert outline(facts) == [
        "function declared",
        "function streamed",
        "function arrow",
        "function expression",
        "function default",
        "variable api",
        "method api.get",
        "function api.list",
        "function api.deep",
        "method api.size",
        "function activate",
    ]
    assert (named(facts)["streamed"].is_async, named(facts)["streamed"].is_generator) == (True, True)
    assert named(facts)["arrow"].is_async
    assert named(facts)["api.size"].modifiers == ("get",)


def test_a_class_has_methods_accessors_fields_and_parameter_properties() -> None:
    facts = read(
        """
        @Component({ a: 1 })
        export abstract class Order<T extends Base> extends Model<T> implements Priced, ns.Named {
          static readonly zero: Money = none();
          #secret = 1;
          handler = () => this.total();
          constructor(private readonly store: Store, count?: number) { super(); }
          get total(): Money { return this.#secret; }
          set total(value) {}
          abstract ship(): void;
          @log done() {}
          [Symbol.iterator]() {}
        }
        """
    )
    assert outline(facts) == [
        "class Order",
        "field Order.zero",
        "field Order.#secret",
        "method Order.handler",
        "method Order.constructor",
        "field Order.store",
        "method Order.total",
        "method Order.total",
        "method Order.ship",
        "method Order.done",
        "method Order.[Symbol.iterator]",
    ]
    found = named(facts)
    assert found["Order"].bases == ("Model", "Priced", "ns.Named")
    assert found["Order"].decorators == ("Component()",)
    assert found["Order.done"].decorators == ("log",)
    assert found["Order.ship"].decorators == ()
    assert found["Order.zero"].annotation == "Money"
    assert found["Order.zero"].modifiers == ("static", "readonly")
    assert found["Order.store"].annotation == "Store"
    constructor = found["Order.constructor"].parameters
    assert [(p.name, p.annotation, p.has_default) for p in constructor] == [
        ("store", "Store", False),
        ("count", "number", True),
    ]
    assert found["Order.constructor"].parent == 0


def test_types_are_interfaces_aliases_enums_and_namespaces() -> None:
    facts = read(
        """
        export interface Priced extends Named, Other<T> { total(tax: number): Money; readonly name: string }
        type Part = Base & { run(): void };
        enum Color { Red, Green = "g" }
        namespace Tools { export const size = 1; export function cut(): Part {} }
        declare function declared(a: string): void;
        declare module "outside" { export function helper(): void }
        """
    )
    assert outline(facts) == [
        "interface Priced",
        "method Priced.total",
        "field Priced.name",
        "type Part",
        "method Part.run",
        "enum Color",
        "field Color.Red",
        "field Color.Green",
        "namespace Tools",
        "variable Tools.size",
        "function Tools.cut",
        "function declared",
        "namespace outside",
        "function outside.helper",
    ]
    found = named(facts)
    assert found["Priced"].bases == ("Named", "Other")
    assert found["Priced.total"].annotation == "Money"
    assert found["Part"].annotation == "Base & { run(): void }"


def test_parameters_have_types_defaults_rest_and_patterns() -> None:
    facts = read("function f(a: A, b = 1, { c, d: [e] }: Props = {}, ...rest: string[]) {}")
    assert [(p.kind, p.name, p.annotation, p.has_default) for p in facts.definitions[0].parameters] == [
        ("", "a", "A", False),
        ("", "b", "", True),
        ("", "{ c, d: [e] }", "Props", True),
        ("*", "rest", "string[]", False),
    ]
    names = facts.scopes[facts.definitions[0].body_scope].names
    assert [names[n][0].text for n in ("a", "c", "e")] == ["A", "(Props).c", "(Props).d"]


@pytest.mark.parametrize("language", ["javascript", "tsx"])
def test_components_are_called_where_they_are_used(language: str) -> None:
    facts = read("const Page = () => <Layout><ui.Button onClick={() => go()} /><div /></Layout>;\n", language)
    assert [(c.caller, c.callee, c.line, c.column) for c in facts.calls] == [
        (0, "Layout", 1, 20),
        (0, "ui.Button", 1, 31),
        (0, "go", 1, 53),
    ]


def test_javascript_classes_have_fields_and_bases() -> None:
    facts = read("class A extends mixin(B) { count = 1; static make() { return new A() } }", "javascript")
    assert outline(facts) == ["class A", "field A.count", "method A.make"]
    assert facts.definitions[0].bases == ("mixin()",)


def test_comments_above_are_the_documentation() -> None:
    facts = read(
        """
        /** The file's.
         * @packageDocumentation */

        /**
         * Adds.
         *
         * Twice.
         */
        export async function add() {}

        // Of the line
        // above it.
        const double = () => 2;

        // Apart.

        const lonely = 1;

        class Order {
          /** The sum. */
          @memo()
          public get total() { return 1 }
        }
        """
    )
    assert facts.documentation == "The file's.\n@packageDocumentation"
    found = named(facts)
    assert found["add"].documentation == "Adds.\n\nTwice."
    assert found["double"].documentation == "Of the line\nabove it."
    assert found["lonely"].documentation == ""
    assert found["Order.total"].documentation == "The sum."


def test_many_words_before_a_definition_cost_no_time() -> None:
    source = "type A = { " + " ".join(f"member{i}: Thing;" for i in range(500)) + " }"
    assert len(read(source).definitions) == 501


def test_a_file_with_errors_keeps_its_outline() -> None:
    facts = read("export function good() { run() }\nexport class { broken(\nfunction later() {}\n")
    assert "function good" in outline(facts)
    assert facts.problems
    assert facts.problems[0].line == 2


def test_calls_know_their_caller_line_and_column_in_bytes() -> None:
    facts = read("const ä = 1; b?.c!.d(1);\nclass K { m() { new x.Y<Z>(); tag`a${f()}`; super.m(); } }\n")
    assert [(c.callee, c.line, c.column) for c in facts.calls] == [
        ("b.c.d", 1, 20),
        ("x.Y", 2, 22),
        ("tag", 2, 30),
        ("f", 2, 37),
        ("super.m", 2, 50),
    ]
    assert [c.caller for c in facts.calls] == [-1, 2, 2, 2, 2]
