"""A stdio MCP server that says what a file tells it to; starts in about 20 ms under `python -S`.

    python -S scripted_server.py FOLDER

`FOLDER/tools.json` is the list of tools, read once by each process; `FOLDER/<tool>.json` is the result of a tool, as
it is: raw JSON, with whatever no library would write, and `FOLDER/<tool>.error.json` an error. `$NAME` stands for an
environment variable in them. A tool without one answers with its description; `exit` ends the process. A call writes
`FOLDER/stderr` to standard error. Each start adds a line to `FOLDER/starts`, each listing one to `FOLDER/lists`.
"""

import json
import os
import sys

folder = sys.argv[1]


def read(name: str) -> "str | None":
    path = os.path.join(folder, name)  # noqa: PTH118 - pathlib would double the start
    if not os.path.exists(path):  # noqa: PTH110
        return None
    with open(path) as file:  # noqa: PTH123
        return os.path.expandvars(file.read())


def answer(request_id: object, raw: str, kind: str = "result") -> None:
    sys.stdout.write('{"jsonrpc":"2.0","id":' + json.dumps(request_id) + f',"{kind}":{raw}}}\n')
    sys.stdout.flush()


def count(name: str) -> None:
    with open(os.path.join(folder, name), "a") as file:  # noqa: PTH118, PTH123
        file.write(f"{os.getpid()}\n")


tools = read("tools.json") or "[]"
count("starts")
for line in sys.stdin:
    message = json.loads(line)
    request_id, method, params = message.get("id"), message.get("method"), message.get("params") or {}
    if method == "initialize":
        can = {"tools": {}}
        info = {"name": "scripted", "version": "1"}
        said = {"protocolVersion": params["protocolVersion"], "capabilities": can, "serverInfo": info}
        answer(request_id, json.dumps(said))
    elif method == "tools/list":
        count("lists")
        answer(request_id, f'{{"tools":{tools}}}')
    elif method == "tools/call":
        name = params["name"]
        sys.stderr.write(read("stderr") or "")
        sys.stderr.flush()
        if name == "exit":
            os._exit(3)
        if error := read(f"{name}.error.json"):
            answer(request_id, error, "error")
            continue
        raw = read(f"{name}.json")
        if raw is None:
            told = next((tool["description"] for tool in json.loads(tools) if tool["name"] == name), "")
            raw = json.dumps({"content": [{"type": "text", "text": told}]})
        answer(request_id, raw)
    elif request_id is not None:
        answer(request_id, json.dumps({"code": -32601, "message": "Method not found"}), "error")
