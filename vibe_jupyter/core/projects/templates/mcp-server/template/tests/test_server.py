import sys
from pathlib import Path

import anyio
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

SERVER = StdioServerParameters(
    command=sys.executable, args=[str(Path(__file__).parent.parent / "server.py")]
)


def call(tool, arguments):
    async def main():
        async with stdio_client(SERVER) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            return await session.call_tool(tool, arguments)

    return anyio.run(main)


def test_counts_words():
    assert '"two": 2' in call("count_words", {"text": "one two two"}).content[0].text


def test_converts_a_temperature():
    assert "212" in call("convert_temperature", {"value": 100}).content[0].text
