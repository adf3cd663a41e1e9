"""Names and attributes that one file explains: scopes, `self`, `super()`, bases, properties."""

from __future__ import annotations

from tests.unit.core.kg.resolve.projects import Project, one_file


def test_a_name_of_the_module_is_scoped() -> None:
    assert one_file("""
        def f(): ...
        def g(): f()
    """) == {"f": "scoped a.py#f"}


def test_an_inner_definition_hides_an_outer_one() -> None:
    assert one_file("""
        def f(): ...
        def g():
            def f(): ...
            f()
    """) == {"f": "scoped a.py#g.f"}


def test_the_names_of_a_class_body_are_not_those_of_its_methods() -> None:
    found = one_file("""
        def helper(): ...
        class A:
            def helper(self): ...
            value = helper()
            def f(self): helper()
    """)
    assert found == {"helper": "scoped a.py#helper"}


def test_a_class_body_sees_its_own_names() -> None:
    assert one_file("""
        class A:
            def helper(): ...
            value = helper()
    """) == {"helper": "scoped a.py#A.helper"}


def test_a_parameter_hides_a_definition() -> None:
    assert one_file("""
        def f(): ...
        def g(f): f()
    """) == {"f": "unique-name a.py#f"}


def test_a_lambdas_parameter_hides_a_definition_too() -> None:
    assert one_file("""
        def f(): ...
        def f2(): ...
        key = lambda f: f.go()
    """) == {"f.go": "unresolved"}


def test_global_reaches_the_module_and_nonlocal_the_function_around() -> None:
    assert one_file("""
        class A:
            def a(self): ...
        class B:
            def b(self): ...
        def outer():
            kept = None
            def inner():
                global made
                nonlocal kept
                made, kept = A(), B()
                made.a()
                kept.b()
    """) == {
        "A": "scoped a.py#A",
        "B": "scoped a.py#B",
        "made.a": "scoped a.py#A.a",
        "kept.b": "scoped a.py#B.b",
    }


def test_global_at_the_top_of_a_module_does_not_hang() -> None:
    assert one_file("""
        global x
        def x(): ...
        x()
    """) == {"x": "scoped a.py#x"}


def test_self_finds_the_own_method_then_that_of_a_base() -> None:
    assert one_file("""
        class Base:
            def save(self): ...
            def load(self): ...
        class Order(Base):
            def save(self): self.load()
            def run(self): self.save()
    """) == {"self.load": "scoped a.py#Base.load", "self.save": "scoped a.py#Order.save"}


def test_super_passes_the_own_class_over() -> None:
    assert one_file("""
        class Base:
            def save(self): ...
        class Order(Base):
            def save(self):
                super().save()
                super(Order, self).save()
    """) == {"super": "external super", "super().save": "scoped a.py#Base.save"}


def test_cls_and_the_name_of_a_class_find_its_methods() -> None:
    assert one_file("""
        class Order:
            @classmethod
            def make(cls): cls.check()
            @staticmethod
            def check(): ...
        Order.make()
    """) == {"cls.check": "scoped a.py#Order.check", "Order.make": "scoped a.py#Order.make"}


def test_a_diamond_is_searched_in_the_order_of_python() -> None:
    source = """
        class Top:
            def a(self): ...
            def b(self): ...
            def c(self): ...
        class Left(Top):
            def a(self): ...
        class Right(Top):
            def a(self): ...
            def b(self): ...
        class Bottom(Left, Right): ...
        Bottom().a()
        Bottom().b()
        Bottom().c()
    """
    found = one_file(source)
    assert found["Bottom().a"] == "scoped a.py#Left.a"
    assert found["Bottom().b"] == "scoped a.py#Right.b"
    assert found["Bottom().c"] == "scoped a.py#Top.c"


def test_super_in_a_diamond_follows_the_class_that_is_written() -> None:
    found = one_file("""
        class Top:
            def a(self): ...
        class Left(Top):
            def a(self): super().a()
    """)
    assert found["super().a"] == "scoped a.py#Top.a"


def test_bases_that_contradict_each_other_are_taken_as_they_are_written() -> None:
    found = one_file("""
        class X: ...
        class Y(X):
            def a(self): ...
        class Z(X, Y): ...
        Z().a()
    """)
    assert found["Z().a"] == "scoped a.py#Y.a"


def test_classes_that_inherit_from_themselves_in_a_ring_end() -> None:
    found = one_file("""
        class A(B):
            def a(self): ...
        class B(A):
            def b(self): self.a()
        class C(C): ...
        C().c()
    """)
    assert found["self.a"] == "scoped a.py#A.a"
    assert found["C().c"] == "unresolved"


def test_an_attribute_of_an_unknown_base_is_outside() -> None:
    found = one_file("""
        import lib
        class A(lib.Base):
            def f(self):
                self.other()
                super().f()
    """)
    assert found["self.other"] == "external lib.Base.other"
    assert found["super().f"] == "external lib.Base.f"


def test_a_property_is_what_it_returns() -> None:
    assert one_file("""
        class Bill:
            def pay(self): ...
        class Order:
            @property
            def bill(self) -> Bill: ...
            @cached_property
            def second(self): return Bill()
            def f(self):
                self.bill.pay()
                self.second.pay()
    """) == {
        "Bill": "scoped a.py#Bill",
        "self.bill.pay": "scoped a.py#Bill.pay",
        "self.second.pay": "scoped a.py#Bill.pay",
    }


def test_attributes_set_in_any_method_are_known_in_all() -> None:
    found = one_file("""
        class Bill:
            def pay(self): ...
        class Base:
            def __init__(self, bill: Bill):
                self.bill = bill
                self.later = None
            def set(self): self.later = Bill()
        class Order(Base):
            def f(self):
                self.bill.pay()
                self.later.pay()
    """)
    assert found["self.bill.pay"] == found["self.later.pay"] == "scoped a.py#Bill.pay"


def test_the_second_definition_of_a_name_counts_from_where_it_stands() -> None:
    project = Project({"a.py": "def f(): ...\nf()\ndef f(): ...\nf()\n"})
    targets = [answer.targets[0].rpartition("#")[2] for answer in project.resolve("a.py").calls]
    assert targets == ["f", "f~2"]


def test_a_builtin_is_outside() -> None:
    assert one_file("print(len(x))") == {"print": "external print", "len": "external len"}


def test_a_definition_hides_a_builtin() -> None:
    assert one_file("def print(): ...\nprint()") == {"print": "scoped a.py#print"}


def test_names_need_not_be_ascii() -> None:
    assert one_file("""
        class Größe:
            def länge(self): ...
        def f(x: Größe, y: "list[Ölpreis]"): x.länge()
        class Ölpreis:
            def senken(self): ...
        def g(y: Ölpreis): y.senken()
    """) == {
        "x.länge": "scoped a.py#Gr%C3%B6%C3%9Fe.l%C3%A4nge",
        "y.senken": "scoped a.py#%C3%96lpreis.senken",
    }
