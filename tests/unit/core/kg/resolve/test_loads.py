"""Which files are loaded as soon as another one is; what imports one another so waits for itself."""

from __future__ import annotations

from tests.unit.core.kg.resolve.projects import Project
from tests.unit.core.kg.resolve.typescript.scripts import Scripts

FILES = {
    "shop/__init__.py": "from shop.orders import Order\n",
    "shop/orders.py": "class Order: ...\n",
    "shop/pay.py": "",
    "shop/types.py": "class Amount: ...\n",
}


def test_a_name_loads_the_module_it_is_taken_from_not_the_one_that_defines_it() -> None:
    project = Project({**FILES, "run.py": "from shop import Order\n"})
    assert project.loads("run.py") == ["shop/__init__.py"]
    assert project.imports("run.py") == ["shop/orders.py#Order"]


def test_the_package_of_a_module_does_not_count() -> None:
    project = Project({**FILES, "run.py": "from shop import pay\nimport shop.types\n"})
    assert project.loads("run.py") == ["shop/pay.py", "shop/types.py"]


def test_what_a_function_or_a_type_checker_imports_is_not_loaded() -> None:
    source = """
        from typing import TYPE_CHECKING
        import typing as t
        if TYPE_CHECKING:
            from shop import Order
        if t.TYPE_CHECKING:
            import shop.types
        def pay():
            import shop.pay
        if __name__ == "__main__":
            import shop.pay
        class Till:
            def open(self):
                from shop import orders
    """
    assert Project({**FILES, "run.py": source}).loads("run.py") == []


def test_what_a_class_a_condition_or_a_try_imports_is_loaded() -> None:
    source = """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            pass
        else:
            import shop.types
        try:
            import shop.pay
        except ImportError:
            pass
        class Till:
            from shop.orders import Order
    """
    loads = Project({**FILES, "run.py": source}).loads("run.py")
    assert loads == ["shop/orders.py", "shop/pay.py", "shop/types.py"]


def test_no_file_loads_itself() -> None:
    project = Project({"shop/__init__.py": "from . import orders\nfrom . import x\n", "shop/orders.py": ""})
    assert project.loads("shop/__init__.py") == ["shop/orders.py"]


def test_types_are_dropped_by_the_compiler_of_typescript() -> None:
    project = Scripts(
        {
            "a.ts": "export interface Order {}\nexport type Id = string\nexport class Cart {}\n",
            "types.ts": "import { Order, Id } from './a'\nimport type { Cart } from './a'\n",
            "late.js": "function f() { require('./a') }\nconst g = () => import('./a')\n",
            "loads.js": "const { Cart } = require('./a')\n",
            "again.ts": "export type { Cart } from './a'\n",
            "all.ts": "export * from './a'\n",
        }
    )
    assert project.loads("types.ts") == []
    assert project.loads("late.js") == []
    assert project.loads("again.ts") == []
    assert project.loads("loads.js") == ["a.ts"]
    assert project.loads("all.ts") == ["a.ts"]
