"""Imports and exports of JavaScript and TypeScript modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.kg.extract.facts import Binding, Import
from vibe_jupyter.core.kg.extract.typescript_expressions import FUNCTIONS, Frame
from vibe_jupyter.core.kg.extract.typescript_names import Names

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Modules"]

_LATER = (*FUNCTIONS, "class")


class Modules(Names):
    """Reads the statements that join files."""

    def _import(self, node: Node, _nodes: Any, frame: Frame) -> None:
        line = node.start_point[0] + 1
        source = node.child_by_field_name("source")
        clause = next(
            (c for c in node.named_children if c.type in ("import_clause", "import_require_clause")), None
        )
        if clause is None:
            if source is not None:
                self.imports.append(Import(self.string(source), "", line))
            return
        if clause.type == "import_require_clause":
            module = self.string(clause.child_by_field_name("source"))
            self.imports.append(Import(module, "", line))
            self.bind(
                frame.scope, self.text(clause.named_children[0]), Binding("module", module, "require", line)
            )
            return
        module = self.string(source)
        late = any(child.type == "type" for child in node.children)
        for child in clause.named_children:
            if child.type == "identifier":
                self._import_name(module, "default", self.text(child), line, frame, late)
            elif child.type == "namespace_import" and child.named_children:
                self.imports.append(Import(module, "", line, late))
                self.bind(
                    frame.scope, self.text(child.named_children[0]), Binding("module", module, "", line)
                )
            elif child.type == "named_imports":
                for name, alias in self._specifiers(child):
                    self._import_name(module, name, alias, line, frame, late)

    def _import_name(self, module: str, name: str, local: str, line: int, frame: Frame, late: bool) -> None:
        self.imports.append(Import(module, name, line, late))
        self.bind(frame.scope, local, Binding("member", module, name, line))

    def _specifiers(self, node: Node) -> list[tuple[str, str]]:
        """Return what `{a, b as c}` names, with the names it gives."""
        found = []
        for child in node.named_children:
            if child.type in ("import_specifier", "export_specifier"):
                name, alias = child.child_by_field_name("name"), child.child_by_field_name("alias")
                text = self.key(name)
                found.append((text, self.key(alias) if alias else text))
        return found

    def _export(self, node: Node, _nodes: Any, frame: Frame) -> None:
        if frame.scope:  # in a namespace: every name of it can be seen
            return
        line = node.start_point[0] + 1
        source = node.child_by_field_name("source")
        if source is not None:
            self._export_from(node, self.string(source), line)
            return
        declaration = node.child_by_field_name("declaration")
        value = node.child_by_field_name("value")
        marks = {c.type for c in node.children if not c.is_named}
        if declaration is not None:
            self._export_declaration(declaration, "default" in marks, line)
        elif value is not None:
            if value.type in _LATER:
                own = value.child_by_field_name("name")
                self.named[value.id] = (self.text(own) if own else "default", own or value, "export", node)
                self.export("default", Binding("definition", "?", str(value.id), line))
            else:
                for binding in self.values(value, "", line):
                    self.export("default", binding)
        else:
            clause = next((c for c in node.named_children if c.type == "export_clause"), None)
            if clause is not None:
                for name, alias in self._specifiers(clause):
                    self.export(alias, Binding("value", name, "", line))
            elif "=" in marks and node.named_children:
                for binding in self.values(node.named_children[-1], "", line):
                    self.export("=", binding)

    def _export_from(self, node: Node, module: str, line: int) -> None:
        late = any(child.type == "type" for child in node.children)
        clause = next(
            (c for c in node.named_children if c.type in ("export_clause", "namespace_export")), None
        )
        if clause is None:
            self.imports.append(Import(module, "*", line, late))
            self.scopes[0].stars.append(module)
        elif clause.type == "namespace_export":
            self.imports.append(Import(module, "", line, late))
            self.export(self.key(clause.named_children[0]), Binding("module", module, "", line))
        else:
            for name, alias in self._specifiers(clause):
                self.imports.append(Import(module, name, line, late))
                self.export(alias, Binding("member", module, name, line))

    def _export_declaration(self, node: Node, is_default: bool, line: int) -> None:
        if node.type == "ambient_declaration" and node.named_children:
            node = node.named_children[0]
        if node.type in ("lexical_declaration", "variable_declaration"):
            for child in node.named_children:
                target = child.child_by_field_name("name") if child.type == "variable_declarator" else None
                for name in self._declared(target):
                    self.export(name, Binding("value", name, "", line))
            return
        name_node = node.child_by_field_name("name")
        if node.type == "import_alias" and node.named_children:
            name_node = node.named_children[0]
        name = self.text(name_node).partition(".")[0]
        if name:
            binding = Binding("value", name, "", line)
            visible = "default" if is_default else name
            if binding.text not in [b.text for b in self.exports.get(visible, ())]:
                self.export(visible, binding)

    def _declared(self, target: Node | None) -> list[str]:
        """Return the names that a declaration's left side binds."""
        if target is None:
            return []
        if target.type in ("identifier", "shorthand_property_identifier_pattern"):
            return [self.text(target)]
        if target.type == "pair_pattern":
            return self._declared(target.child_by_field_name("value"))
        if target.type in ("assignment_pattern", "object_assignment_pattern"):
            return self._declared(target.child_by_field_name("left"))
        return [name for child in target.named_children for name in self._declared(child)]
