from decimal import Decimal

from billing.charge import total


def test_tax_is_added():
    assert total([Decimal("10.00")]) == Decimal("11.90")


def test_discount_comes_first():
    assert total([Decimal("10.00")], Decimal("0.5")) == Decimal("5.95")
