"""What a customer pays."""

from __future__ import annotations

from decimal import Decimal

TAX_RATE = Decimal("0.19")  # TODO: one rate per country


def total(prices: list[Decimal], discount: Decimal = Decimal(0)) -> Decimal:
    """Return the sum with tax; the discount is a fraction of the net sum."""
    net = sum(prices, Decimal(0)) * (1 - discount)
    return (net * (1 + TAX_RATE)).quantize(Decimal("0.01"))
