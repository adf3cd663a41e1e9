"""Projects that change at random, the same for the same seed."""

from __future__ import annotations

import json
import random
from pathlib import Path

__all__ = ["change", "change_notebook", "change_outline", "change_script"]

MODULES = [
    "shop/orders.py",
    "shop/billing.py",
    "shop/__init__.py",
    "shop/util/text.py",
    "shop/util/__init__.py",
]
MORE = [
    "run.py",
    "tests/test_orders.py",
    "tests/conftest.py",
    "conftest.py",
    "shop/models.py",
    "tools/lonely.py",
    "src/lib/core.py",
    "src/lib/__init__.py",
]
IMPORTED = [
    "shop",
    "shop.orders",
    "shop.billing",
    "shop.util",
    "shop.util.text",
    "shop.models",
    "lib",
    "lib.core",
]
NAMES = ["Order", "Bill", "charge", "total", "parse", "clean", "helper", "run"]


def statement(chance: random.Random) -> str:
    """One statement, of a kind that other files may see."""
    a, b = chance.choice(NAMES), chance.choice(NAMES)
    module = chance.choice(IMPORTED)
    return chance.choice(
        [
            f"def {a}(x: {b} = None) -> {b}:\n    return {b}(x)\n",
            f"def {a}(x):\n    value = {b}()\n    value.{a}()\n    return value\n",
            f"class {a}({b}):\n    def {b}(self):\n        self.{a} = {a}()\n        return self.{a}.{b}()\n",
            f"class {a}:\n    @property\n    def {b}(self):\n        return {b}()\n    def go(self): self.{b}.{a}()\n",
            f"from {module} import {a}\n",
            f"from {module} import {a} as {b}\n",
            f"from . import {a}\n",
            "from .orders import *\n",
            f"import {module}\n",
            f"import {module} as {b}\n",
            f"def test_{a}():\n    from {module} import {b}\n    {a}()\n    {b}().{a}()\n",
            f"if TYPE_CHECKING:\n    from {module} import {a}\n",
            f"{a} = {b}\n",
            f"{a} = {b}()\n",
            f"{module}.{a}()\n",
            f"{a}().{b}().{a}()\n",
            f"for {a} in [{b}()]:\n    {a}.{b}()\n",
            f"if isinstance({a}, {b}):\n    {a}.total()\n",
            f"open('data/{a}.csv').read(); {b}.to_csv('../{b}.csv')\n",
            f"if {b}:\n    {a} = {a}()\nelse:\n    {a} = {b}()\n{b} = {a}\n",
            f"if {a}:\n    Base = {a}\nelse:\n    Base = {b}\nclass {a}(Base): ...\n",
            f"@pytest.fixture\ndef {a}({b}):\n    return {b}()\n",
            f"class Test{a}:\n    def test_{b}(self, {a}):\n        {a}.{b}()\n",
            "# a remark\n",
            "def broken(:\n",
        ]
    )


SCRIPTS = [
    "web/orders.ts",
    "web/bill.ts",
    "web/index.ts",
    "web/bill/index.tsx",
    "web/view.tsx",
    "web/bill.d.ts",
    "web/tool.js",
    "web/bill.test.ts",
    "packages/kit/src/index.ts",
    "packages/kit/src/text.ts",
    "packages/kit/package.json",
    "tsconfig.json",
]
SPECIFIERS = [
    "./orders",
    "./bill",
    "./bill.js",
    ".",
    "./view",
    "./tool",
    "kit",
    "kit/text",
    "@/orders",
    "outside",
]
SETTINGS = {
    "package.json": [
        '{"name": "kit"}\n',
        '{"name": "kit", "exports": {".": "./dist/index.js", "./*": "./src/*.ts"}}\n',
        '{"name": "other", "main": "src/text.ts"}\n',
        '{"name": "kit", "dependencies": {"react": "^18"}}\n',
        '{"name": "kit", "dependencies": {"react": "^19", "vue": "*"}, "devDependencies": {"vue": "1"}}\n',
        '{"name": \n',
    ],
    "tsconfig.json": [
        '{"compilerOptions": {"paths": {"@/*": ["./web/*"]}}}\n',
        '{"compilerOptions": {"baseUrl": "web", "paths": {"@/*": ["../packages/kit/src/*"]}}} // a remark\n',
        "{}\n",
    ],
}


def script_statement(chance: random.Random) -> str:
    """One statement of TypeScript, of a kind that other files may see."""
    a, b = chance.choice(NAMES), chance.choice(NAMES)
    module = chance.choice(SPECIFIERS)
    return chance.choice(
        [
            f"export function {a}(x: {b}): {b} {{ return {b}(x) }}\n",
            f"export function {a}(x) {{ const value = new {b}(); value.{a}(); return value }}\n",
            f"export class {a} extends {b} {{ {b}() {{ this.{a} = new {a}(); return this.{a}.{b}() }} }}\n",
            f"export class {a} {{ get {b}() {{ return {b}() }} go() {{ this.{b}.{a}() }} }}\n",
            f"export interface {a} extends {b} {{ {b}(): {a}; total: {b} }}\n",
            f"export type {a} = {b} & {{ {b}(): {a} }}\n",
            f"namespace {a} {{ export function {b}() {{ {a}() }} }}\n",
            f"export const {a} = {{ {b}() {{ this.{a}() }}, {a}: {b}, total: {{ {b}() {{}} }} }}\n",
            f"const {a} = {{ {b}: () => {b}() }}\n",
            f"export const {a} = async ({{ {b} }}: {a}) => {b}()\n",
            f"import {{ {a} }} from '{module}'\n",
            f"import {{ {a} as {b} }} from '{module}'\n",
            f"import {a} from '{module}'\n",
            f"import * as {a} from '{module}'\n",
            f"import type {{ {a} }} from '{module}'\n",
            f"export * from '{module}'\n",
            f"export {{ {a} as {b} }} from '{module}'\n",
            f"export {{ {a} }}\n",
            f"export default {a}\n",
            f"const {a} = require('{module}')\n",
            f"module.exports = {{ {a}, {b}: {a} }}\n",
            f"{a}.{b}().{a}()\n",
            f"{a}(x => x.{b}())\n",
            f"{a}.total.{b}()\n",
            f"new {a}().{b}.{a}()\n",
            "// a remark\n",
            "function broken( {\n",
        ]
    )


def change_script(root: Path, chance: random.Random) -> None:
    """Edit, add, rename, move or delete one file of TypeScript, JavaScript, or their settings."""
    present = sorted(
        p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file() and p.suffix != ".py"
    )
    kind = chance.choice(["edit", "edit", "edit", "add", "rename", "delete", "insert"])
    name = chance.choice(SCRIPTS if kind in ("add", "rename") or not present else present)
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name in SETTINGS and kind != "delete":
        path.write_text(chance.choice(SETTINGS[path.name]))
    elif kind == "add" or not present:
        path.write_text("".join(script_statement(chance) for _ in range(chance.randint(0, 6))))
    elif kind == "delete":
        path.unlink()
    elif kind == "rename":
        source = root / chance.choice(present)
        if source.name not in SETTINGS:
            source.rename(path)
    else:
        lines = path.read_text().splitlines(keepends=True)
        lines.insert(0 if kind == "insert" else len(lines), script_statement(chance))
        if chance.random() < 0.4:
            del lines[chance.randrange(len(lines))]
        path.write_text("".join(lines))


DOCUMENTS = ["README.md", "docs/guide.md"]
NOTEBOOKS = ["eda.ipynb", "notebooks/report.ipynb", "shop/try.ipynb"]


def change_notebook(root: Path, chance: random.Random) -> None:
    """Write, break or delete one notebook."""
    path = root / chance.choice(NOTEBOOKS + DOCUMENTS)
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = chance.choice(["write", "write", "write", "write", "delete", "break"])
    if kind == "delete":
        path.unlink(missing_ok=True)
        return
    if path.suffix == ".md":
        parts = [
            f"{'#' * chance.randint(1, 3)} {a}\n`{a}.{b}()` `{b}` `{chance.choice(IMPORTED)}.{a}` [x](../{b}.py)\n"
            for a in NAMES
            for b in NAMES[:2]
        ]
        path.write_text("".join(chance.sample(parts, chance.randint(0, 4))))
        return
    cells = [
        {
            "cell_type": chance.choice(["code", "code", "code", "markdown"]),
            "source": "".join(statement(chance) for _ in range(chance.randint(0, 3))),
            "metadata": {},
            "outputs": [],
            "execution_count": chance.choice([None, 1, 2]),
        }
        for _ in range(chance.randint(0, 4))
    ]
    text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    path.write_text(text[: len(text) // 2] if kind == "break" else text)


def change(root: Path, chance: random.Random) -> None:
    """Edit, add, rename, move or delete one file."""
    present = sorted(p.relative_to(root).as_posix() for p in root.rglob("*.py"))
    kind = chance.choice(["edit", "edit", "edit", "add", "rename", "delete", "insert"])
    if kind == "add" or not present:
        path = root / chance.choice(MODULES + MORE)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(statement(chance) for _ in range(chance.randint(0, 5))))
        return
    path = root / chance.choice(present)
    if kind == "delete":
        path.unlink()
    elif kind == "rename":
        target = root / chance.choice(MODULES + MORE)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    else:
        lines = path.read_text().splitlines(keepends=True)
        if kind == "insert" or not lines:
            lines.insert(0, statement(chance))
        else:
            lines.append(statement(chance))
            if chance.random() < 0.4:
                del lines[chance.randrange(len(lines))]
        path.write_text("".join(lines))


OUTLINES = {
    "go": ["main.go", "cart.go", "store/store.go", "store/more.go", "go.mod"],
    "java": [
        "src/main/java/shop/Order.java",
        "src/main/java/shop/Bill.java",
        "src/main/java/pay/Order.java",
        "Bill.java",
    ],
    "rust": [
        "src/lib.rs",
        "src/orders.rs",
        "src/bill/mod.rs",
        "src/bill/text.rs",
        "src/bill.rs",
        "Cargo.toml",
    ],
    "c": ["order.h", "order.cpp", "bill.hpp", "bill.cc", "list.c", "inner/order.h", "list.h"],
}
OUTLINE_SETTINGS = {
    "go.mod": ["module a.b/shop\n", "module other\n", "go 1.22\n"],
    "Cargo.toml": ['[package]\nname = "kit"\n', '[package]\nname = "other"\n', "[package\n"],
}


def outline_statement(chance: random.Random, language: str) -> str:
    """One statement of a language that is read as an outline, of a kind that other files may see."""
    a, b = chance.choice(NAMES), chance.choice(NAMES)
    kinds = {
        "go": [
            f"func {a}(x *{b}) *{b} {{ x.{a}(); return {b}(x) }}\n",
            f"func (o *{a}) {b}() {{ o.{a}(); {b}(); v := {a}(); v.{b}() }}\n",
            f"type {a} struct {{ {b}; total {b} }}\n",
            f"type {a} = {b}\n",
            f"type {a} interface {{ {b}(); {b} }}\n",
            f'import "a.b/shop/store"\nfunc {a}() {{ store.{b}().{a}(); var s store.{a}; s.{b}() }}\n',
            f'import {a} "other/store"\n',
            'import . "a.b/shop"\n',
        ],
        "java": [
            f"class {a} extends {b} {{ {b} total; void {b}() {{ total.{a}(); {a}(); new {b}().{a}(); }} }}\n",
            f"interface {a} extends {b} {{ {b} {a}(); default void go() {{ {a}(); this.{b}(); }} }}\n",
            f"enum {a} implements {b} {{ X; static {b} {a}({b} x) {{ return x.{a}(); }} class {b} {{}} }}\n",
            "import shop.Order;\n",
            "import shop.*;\n",
            "import static pay.Order.*;\n",
            f"import static shop.Bill.{a};\n",
            "import pay.Order.Bill;\n",
        ],
        "rust": [
            f"pub fn {a}(x: &{b}) -> {b} {{ x.{a}(); {b}(x) }}\n",
            f"impl {a} {{ fn {b}(&self) -> Self {{ self.{a}(); Self::{b}(); crate::bill::{b}() }} }}\n",
            f"impl {b} for {a} {{ fn total(&self) {{ self.{a}(); }} }}\n",
            f"pub struct {a} {{ total: {b} }}\n",
            f"pub trait {a}: {b} {{ fn {b}(&self) {{ let x = {a}::{b}(); x.{a}(); }} }}\n",
            f"mod {a} {{ use super::*; pub fn {b}() {{ super::{a}(); println!({b}(1)) }} }}\n",
            "mod bill;\npub mod orders;\n",
            f"use crate::bill::{{{a}, text::{b}}};\n",
            f"use kit::orders::{a} as {b};\n",
            "use super::*;\npub use self::text::*;\n",
        ],
        "c": [
            f"{b} *{a}({b} *x) {{ x->{a}(); return {b}(x); }}\n",
            f"void {a}::{b}() {{ {a}(); this->{b}(); {b} x(1); x.{a}(); }}\n",
            f"class {a} : public {b} {{ {b} total; void {b}(); void go() {{ {b}(); total.{a}(); }} }};\n",
            f"struct {a} {{ struct {b} *{b}; }};\n",
            f"namespace shop {{ struct {a} {{}}; inline void {b}() {{ {a}(); }} }}\n",
            f"using namespace shop;\nusing shop::{a};\n",
            f"#define {a}(x) {b}(x)\n",
            f"typedef {a} {b};\n",
            '#include "order.h"\n',
            '#include "bill.hpp"\n',
            "#include <inner/order.h>\n",
            '#include "list.h"\n',
        ],
    }
    return chance.choice([*kinds[language], "// a remark\n", "} broken ( {\n"])


def change_outline(root: Path, chance: random.Random) -> None:
    """Edit, add, rename, move or delete one file of a language that is read as an outline, or its settings."""
    language = chance.choice(sorted(OUTLINES))
    names = OUTLINES[language]
    present = [name for name in names if (root / name).exists()]
    kind = chance.choice(["edit", "edit", "edit", "add", "rename", "delete", "insert"])
    name = chance.choice(names if kind in ("add", "rename") or not present else present)
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name in OUTLINE_SETTINGS and kind != "delete":
        path.write_text(chance.choice(OUTLINE_SETTINGS[path.name]))
    elif kind == "add" or not present:
        path.write_text("".join(outline_statement(chance, language) for _ in range(chance.randint(0, 6))))
    elif kind == "delete":
        path.unlink()
    elif kind == "rename":
        source = root / chance.choice(present)
        if source.name not in OUTLINE_SETTINGS:
            source.rename(path)
    else:
        lines = path.read_text().splitlines(keepends=True)
        lines.insert(0 if kind == "insert" else len(lines), outline_statement(chance, language))
        if chance.random() < 0.4:
            del lines[chance.randrange(len(lines))]
        path.write_text("".join(lines))
