"""How TypeScript and JavaScript files are joined, and what configures it."""

from __future__ import annotations

from vibe_jupyter.core.kg.extract.javascript_settings import extract_settings
from vibe_jupyter.core.kg.extract.typescript import extract_typescript


def test_imports_bind_what_they_name() -> None:
    facts = extract_typescript(
        b"""import d, { a as b, type T } from './m'; import * as ns from 'm'; import 'side';
        import type { Q } from './q'; import legacy = require('old');
        const { x, y: z } = require('./c'); const whole = require('./w');
        async function f() { const late = await import('./late'); late.go() }"""
    )
    names = {name: (b[0].kind, b[0].text, b[0].name) for name, b in facts.scopes[0].names.items()}
    assert names["d"] == ("member", "./m", "default")
    assert names["b"] == ("member", "./m", "a")
    assert names["T"] == ("member", "./m", "T")
    assert names["ns"] == ("module", "m", "")
    assert names["Q"] == ("member", "./q", "Q")
    assert names["legacy"] == ("module", "old", "require")
    assert names["x"] == ("member", "./c", "x")
    assert names["z"] == ("value", "<./c>.y", "")
    assert names["whole"] == ("module", "./w", "require")
    assert ("./late", "") in [(i.module, i.name) for i in facts.imports]
    assert ("side", "") in [(i.module, i.name) for i in facts.imports]


def test_exports_tell_what_other_files_see() -> None:
    facts = extract_typescript(
        b"""export const a = 1, { b, c: [d] } = e; export class K {} export { a as z, K as default };
        export * from './all'; export * as ns from './ns'; export { q as r } from './q'; function hidden() {}"""
    )
    assert {name: (b[-1].kind, b[-1].text, b[-1].name) for name, b in facts.exports.items()} == {
        "a": ("value", "a", ""),
        "b": ("value", "b", ""),
        "d": ("value", "d", ""),
        "K": ("value", "K", ""),
        "z": ("value", "a", ""),
        "default": ("value", "K", ""),
        "ns": ("module", "./ns", ""),
        "r": ("member", "./q", "q"),
    }
    assert facts.scopes[0].stars == ["./all"]


def test_commonjs_exports_are_exports() -> None:
    facts = extract_typescript(
        b"exports.a = function () {}; module.exports.b = b; module.exports = { c, d() {} }", "javascript"
    )
    assert [d.name for d in facts.definitions] == ["a", "d"]
    assert facts.exports["a"][0].kind == "definition"
    assert facts.exports["b"][0].text == "b"
    whole = int(facts.exports["="][0].text[1:-1])
    assert list(facts.scopes[whole].names) == ["c", "d"]


def test_package_settings_are_flat() -> None:
    facts = extract_settings(
        b'{"name": "kit", "main": "dist/i.js", "exports": {".": {"require": "./a.cjs", "types": "./a.d.ts"},'
        b' "./x": "./x.js", "./no": null}, "imports": {"#in": "./in.js"}}',
        "package",
    )
    assert facts.settings == {
        "name": ["kit"],
        "main": ["dist/i.js"],
        "exports .": ["./a.d.ts", "./a.cjs"],
        "exports ./x": ["./x.js"],
        "imports #in": ["./in.js"],
    }


def test_tsconfig_may_hold_comments_and_trailing_commas() -> None:
    facts = extract_settings(
        b'{ // a remark\n "extends": "./base", "compilerOptions": {"baseUrl": ".", /* "x": 1, */\n'
        b' "paths": {"@/*": ["./src/*", "http://x"],}, } }',
        "tsconfig",
    )
    assert facts.settings == {"extends": ["./base"], "baseUrl": ["."], "paths @/*": ["./src/*", "http://x"]}
    assert facts.problems == []


def test_settings_that_are_no_json_are_a_problem() -> None:
    facts = extract_settings(b'{\n"name": \n', "package")
    assert facts.settings == {}
    assert facts.problems[0].message.startswith("not JSON")
