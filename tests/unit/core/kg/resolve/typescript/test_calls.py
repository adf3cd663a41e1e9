"""What calls mean: scopes, `this` and `super`, inheritance, types of values."""

from __future__ import annotations

from tests.unit.core.kg.resolve.typescript.scripts import Scripts


def test_names_mean_the_nearest_scope_also_before_their_declaration() -> None:
    project = Scripts(
        {
            "a.ts": """
            function outer() { inner(); function inner() { outer() } }
            function inner() {}
            function other() { inner(); console.log(); nothing(); thing.only(); }
            """
        }
    )
    assert project.calls("a.ts") == {
        "outer": "scoped a.ts#outer",
        "inner": "scoped a.ts#inner",
        "console.log": "external console.log",
        "nothing": "unresolved",
        "thing.only": "unique-name a.ts#only",
    }


def test_this_and_super_find_members_with_inheritance() -> None:
    project = Scripts(
        {
            "base.ts": "export class Base { constructor() {} save() {} static make() {} }",
            "a.ts": """
            import { Base } from './base';
            interface Shape { area(): number }
            class Order extends Base implements Shape {
              run = () => this.own();
              area() { return 1 }
              own() { super.save(); this.save(); [1].forEach(() => this.area()); Order.make(); }
              constructor() { super(); }
              plain() { const self = this; return function () { this.own(); self.area(); } }
            }
            """,
        }
    )
    calls = project.calls("a.ts")
    assert calls["super.save"] == "scoped base.ts#Base.save"
    assert calls["this.save"] == "scoped base.ts#Base.save"
    assert calls["this.area"] == "scoped a.ts#Order.area"
    assert calls["super"] == "imported base.ts#Base"
    assert calls["Order.make"] == "imported base.ts#Base.make"
    assert calls["this.own"] == "unresolved"  # in a function that has its own `this`
    assert calls["self.area"] == "scoped a.ts#Order.area"
    assert project.bases("a.ts") == {"Order": ["base.ts#Base", "a.ts#Shape"]}


def test_values_have_the_types_that_are_written_or_returned() -> None:
    project = Scripts(
        {
            "a.ts": """
            class Item { ship() {} get owner(): Owner { return find() } }
            interface Owner { greet(): void }
            type Both = Owner & { extra(): Item };
            async function load() { return new Item() }
            async function fetchAll(): Promise<Map<string, Item[]>> {}
            const pair = (): [Item, Owner] => null;
            class Shop {
              items: Item[] = []; last; byName = new Map<string, Item>();
              constructor(private first: Item) { this.last = new Item() }
              async work({ given }: { given: Item }, maybe?: Item | null) {
                this.first.ship(); this.last.owner.greet(); this.items[0].ship();
                for (const one of this.items) one.ship();
                this.items.filter(Boolean).map(each => each.ship());
                this.byName.get('x')?.owner.greet();
                this.byName.forEach(value => value.ship());
                given.ship(); maybe!.ship();
                (await load()).ship(); load().then(loaded => loaded.ship());
                for (const [key, list] of await fetchAll()) list[0].ship();
                const [left, right] = pair(); left.ship(); right.greet();
                (unknown as Both).extra().ship(); (unknown as Both).greet();
              }
            }
            """
        }
    )
    calls = project.calls("a.ts")
    ships = [callee for callee in calls if callee.endswith(".ship")]
    assert len(ships) == 12
    assert {calls[callee] for callee in ships} == {"scoped a.ts#Item.ship"}
    greets = [callee for callee in calls if callee.endswith(".greet")]
    assert len(greets) == 4
    assert {calls[callee] for callee in greets} == {"scoped a.ts#Owner.greet"}


def test_functions_that_are_passed_get_what_is_said_of_the_parameter() -> None:
    project = Scripts(
        {
            "a.ts": """
            class Row { paint() {} }
            function each(label: string, visit: (row: Row, index: number) => void) {}
            class Stream { constructor(start: (this: Stream, row: Row) => void) {} }
            each('x', row => row.paint());
            new Stream(first => first.paint());
            """
        }
    )
    assert project.calls("a.ts")["row.paint"] == "scoped a.ts#Row.paint"
    assert project.calls("a.ts")["first.paint"] == "scoped a.ts#Row.paint"


def test_a_name_can_be_a_type_and_a_value() -> None:
    project = Scripts(
        {
            "a.ts": """
            interface Box { open(): void }
            const Box = { open() {}, make(): Box { return null } };
            class Tool { use() {} }
            namespace Tool { export interface Options { check(): void } export function create() {} }
            Box.make().open(); Box.open(); Tool.create(); new Tool().use();
            function f(options: Tool.Options) { options.check() }
            """
        }
    )
    assert project.calls("a.ts") == {
        "Box.make": "scoped a.ts#Box~2.make",
        "Box.make().open": "scoped a.ts#Box.open",
        "Box.open": "scoped a.ts#Box~2.open",
        "Tool.create": "scoped a.ts#Tool~2.create",
        "Tool": "scoped a.ts#Tool",
        "Tool().use": "scoped a.ts#Tool.use",
        "options.check": "scoped a.ts#Tool~2.Options.check",
    }


def test_object_literals_have_members_wherever_they_come_from() -> None:
    project = Scripts(
        {
            "a.js": """
            const base = { shared() {} };
            function make() { return { ...base, run() { this.stop() }, stop: () => {} } }
            const api = make();
            api.run(); api.stop(); api.shared();
            """
        }
    )
    calls = project.calls("a.js")
    assert calls["api.run"] == "scoped a.js#make.run"
    assert calls["api.stop"] == "scoped a.js#make.stop"
    assert calls["api.shared"] == "scoped a.js#base.shared"
    assert calls["this.stop"] == "scoped a.js#make.stop"


def test_an_instanceof_check_tells_the_type() -> None:
    project = Scripts(
        {
            "a.ts": """
            class A { go() {} }
            class B { stop() {} }
            function f(x, y) {
              if (x instanceof A) { x.go() }
              if (!(y instanceof B)) { return }
              y.stop()
            }
            """
        }
    )
    assert project.calls("a.ts") == {"x.go": "scoped a.ts#A.go", "y.stop": "scoped a.ts#B.stop"}


def test_what_runs_into_itself_ends() -> None:
    project = Scripts(
        {
            "a.ts": """
            import { loop } from './b';
            type T = T | U; type U = T;
            class C extends C {}
            const a = b, b = a;
            function f() { return f() }
            function g(x: T) { x.no(); new C().no(); a.no(); f().no(); loop.no(); }
            """,
            "b.ts": "export { loop } from './a'; export * from './b'; export * from './c'",
            "c.ts": "export * from './b'",
        }
    )
    calls = project.calls("a.ts")
    assert {calls[callee] for callee in ("x.no", "a.no", "f().no", "loop.no")} == {"unresolved"}
