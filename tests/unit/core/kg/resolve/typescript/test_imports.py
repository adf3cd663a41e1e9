"""Which files imports mean."""

from __future__ import annotations

import pytest

from tests.unit.core.kg.resolve.typescript.scripts import Scripts


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("./both", "src/both.ts"),
        ("./both.js", "src/both.js"),
        ("./view", "src/view.tsx"),
        ("./view.jsx", "src/view.tsx"),
        ("./typed", "src/typed.d.ts"),
        ("./common", "src/common.cjs"),
        ("./module.mjs", "src/module.mts"),
        ("./folder", "src/folder/index.ts"),
        ("./folder/", "src/folder/index.ts"),
        ("..", "index.js"),
        ("./folder/../both", "src/both.ts"),
        ("../../outside", "external ../../outside"),
        ("./missing", "external ./missing"),
        ("react", "external react"),
    ],
)
def test_relative_modules_are_found_as_typescript_finds_them(written: str, meant: str) -> None:
    files = [
        "src/both.ts",
        "src/both.js",
        "src/view.tsx",
        "src/typed.d.ts",
        "src/common.cjs",
        "src/module.mts",
        "src/folder/index.ts",
        "index.js",
    ]
    project = Scripts({**dict.fromkeys(files, ""), "src/a.ts": f"import '{written}'"})
    assert project.imports("src/a.ts") == [[meant.removeprefix("external ")]]


def test_names_are_followed_through_exports_of_exports() -> None:
    project = Scripts(
        {
            "a.ts": """
            import main, { renamed, again, ns, Kind, run as go } from './index';
            import * as all from './index';
            main(); renamed(); again(); ns.run(); new Kind(); go(); all.run(); all.missing(); all.ns.run();
            """,
            "index.ts": """
            export { run as renamed } from './lib'; export * from './lib'; export * as ns from './lib';
            import { run } from './lib'; export { run as again };
            export { default } from './lib';
            """,
            "lib.ts": "export function run() {}\nexport default function () {}\nexport class Kind {}",
        }
    )
    assert project.calls("a.ts") == {
        "main": "imported lib.ts#default",
        "renamed": "imported lib.ts#run",
        "again": "imported lib.ts#run",
        "ns.run": "imported lib.ts#run",
        "Kind": "imported lib.ts#Kind",
        "go": "imported lib.ts#run",
        "all.run": "imported lib.ts#run",
        "all.missing": "unresolved",
        "all.ns.run": "imported lib.ts#run",
    }


def test_commonjs_and_dynamic_imports_are_imports() -> None:
    project = Scripts(
        {
            "a.js": """
            const whole = require('./whole'), { part } = require('./parts'), Kind = require('./kind');
            whole.run(); part(); new Kind().go(); require('./parts').part(); require('fs').read();
            async function f() { const late = await import('./parts'); late.part(); }
            import('./parts').then(m => m.part());
            """,
            "whole.js": "function run() {} module.exports = { run }",
            "parts.js": "exports.part = function () {}",
            "kind.js": "module.exports = class Kind { go() {} }",
        }
    )
    assert project.calls("a.js") == {
        "require": "external require",
        "whole.run": "imported whole.js#run",
        "part": "imported parts.js#part",
        "Kind": "imported kind.js#Kind",
        "Kind().go": "imported kind.js#Kind.go",
        "<./parts>.part": "imported parts.js#part",
        "<fs>.read": "external fs.read",
        "late.part": "imported parts.js#part",
        "<./parts>.then": "unresolved",
        "m.part": "imported parts.js#part",
    }


def test_tsconfig_maps_names_to_files_nearest_first() -> None:
    project = Scripts(
        {
            "tsconfig.json": '{"compilerOptions": {"paths": {"@/*": ["./wrong/*"]}}}',
            "app/tsconfig.json": '{"extends": "../base.json"}',
            "base.json": '{"compilerOptions": {"baseUrl": "app", "paths": {"@/*": ["src/*"], "@/deep/*": ["x/*"]}}}',
            "app/src/one.ts": "",
            "app/x/two.ts": "",
            "app/plain.ts": "",
            "wrong/one.ts": "",
            "app/a.ts": "import '@/one'; import '@/deep/two'; import 'plain'; import '@/none'",
        }
    )
    assert project.imports("app/a.ts") == [["app/src/one.ts"], ["app/x/two.ts"], ["app/plain.ts"], ["@/none"]]


def test_packages_of_a_workspace_are_found_by_name_and_by_what_they_export() -> None:
    project = Scripts(
        {
            "packages/kit/package.json": """{"name": "@my/kit", "exports": {
                ".": {"import": "./dist/index.js"}, "./text": "./dist/esm/text.js", "./icons/*": "./dist/icons/*.js"},
                "imports": {"#inner": "./src/inner.ts"}}""",
            "packages/kit/src/index.ts": "",
            "packages/kit/src/text.ts": "import '#inner'",
            "packages/kit/src/inner.ts": "",
            "packages/kit/src/icons/star.tsx": "",
            "packages/plain/package.json": '{"name": "plain"}',
            "packages/plain/lib/util.js": "",
            "app/a.ts": """import '@my/kit'; import '@my/kit/text'; import '@my/kit/icons/star';
                import 'plain/util'; import '@my/kitchen'""",
        }
    )
    assert project.imports("app/a.ts") == [
        ["packages/kit/src/index.ts"],
        ["packages/kit/src/text.ts"],
        ["packages/kit/src/icons/star.tsx"],
        ["packages/plain/lib/util.js"],
        ["@my/kitchen"],
    ]
    assert project.imports("packages/kit/src/text.ts") == [["packages/kit/src/inner.ts"]]


def test_a_table_tells_what_differs_from_another() -> None:
    from vibe_jupyter.core.kg.resolve.typescript_modules import SETTINGS, TypeScriptModules

    before = TypeScriptModules(["a.ts", "b.ts", "x.py"], {"package.json": {"name": ["one"]}})
    after = TypeScriptModules(["a.ts", "a.js", "c/index.ts"], {"package.json": {"name": ["two"]}})
    assert after.differing(before) == {"/a", "/b", "/c/index", SETTINGS}
    assert after.find("./c", "d.ts") == ("c/index.ts", {("", "/c"), ("", "/c/index")})
