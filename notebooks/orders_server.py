"""A small MCP server over the shop's orders, for `mcp.ipynb`: tools with tables and a picture, a resource, a prompt."""

import csv
import struct
import zlib
from collections import Counter
from pathlib import Path

from mcp.server import MCPServer
from mcp.server.mcpserver import Image
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations

ORDERS = Path(__file__).parent / "shop" / "data" / "orders.csv"
READ_ONLY = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
server = MCPServer("orders", instructions="Ask me about the orders of the shop.")


def orders() -> list[dict[str, str]]:
    with ORDERS.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def by_country() -> Counter[str]:
    totals: Counter[str] = Counter()
    for order in orders():
        totals[order["country"] or "?"] += float(order["total"] or 0)
    return totals


@server.tool(annotations=READ_ONLY)
def sales_by_country(limit: int = 5) -> list[dict[str, str | float]]:
    """What each country has bought, the best customers first."""
    return [{"country": name, "total": round(total, 2)} for name, total in by_country().most_common(limit)]


@server.tool(annotations=READ_ONLY)
def sales_chart(width: int = 480) -> Image:
    """A bar for each country, the longest first."""
    totals = [total for _, total in by_country().most_common()]
    rows = []
    for total in totals:
        bar = round(width * total / max(totals))
        line = b"\x3b\x82\xc4" * bar + b"\xee\xee\xee" * (width - bar)
        rows += [b"\0" + line] * 14 + [b"\0" + b"\xff\xff\xff" * width] * 4
    return Image(data=png(width, rows), format="png")


@server.tool(annotations=ToolAnnotations(read_only_hint=False, destructive_hint=True))
def cancel_order(order_id: int) -> str:
    """Cancel an order. (It only says so: the table stays as it is.)"""
    if not any(order["order_id"] == str(order_id) for order in orders()):
        raise ToolError(f"there is no order {order_id}")
    return f"Order {order_id} is cancelled."


@server.resource("orders://columns", mime_type="text/markdown")
def columns() -> str:
    """What the columns are called."""
    return "\n".join(["# Columns of the orders", "", *(f"- `{name}`" for name in orders()[0])])


@server.prompt()
def summary(country: str) -> str:
    """Ask a model for a summary of one country."""
    return f"Summarise the orders of {country}: how many, how large, and what stands out."


def png(width: int, rows: list[bytes]) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, len(rows), 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


if __name__ == "__main__":
    server.run()
