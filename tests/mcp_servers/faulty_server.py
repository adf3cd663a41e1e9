"""A stdio MCP server with every fault that a real one can show; starts in about 20 ms under `python -S`.

It speaks the protocol of 2025-11-25. The environment switches faults: `SLOW_START=seconds`, `MODE=exit-at-start |
banner | loop-pages | no-lists | ignore-unknown | bad-schemas | noisy | stubborn` (a stubborn one does not end when
it is told to). `COUNT_FILE` gets the process id of each start. `MORE_WORDS` stand at the end of each
description.
"""

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time

MODE = os.environ.get("MODE", "")
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 16).decode()
TEXT = {"type": "string"}
TOOLS = {
    "ok": {"s": TEXT}, "add": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "err": {}, "crash": {},
    "hang": {}, "garbage": {}, "badresult": {}, "badout": {}, "big": {"n": {"type": "integer"}},
    "flood": {"n": {"type": "integer"}}, "slow": {"seconds": {"type": "number"}}, "changed": {}, "orphan": {},
    "image": {}, "markup": {}, "ask": {}, "ask-many": {"n": {"type": "integer"}},
    "steps": {"n": {"type": "integer"}}, "env": {}, "rows": {},
    "broken-image": {}, "media": {}, "visit": {}, "quota": {}, "last-words": {}, "deaf": {}, "die-leaving": {},
    "many-rows": {"n": {"type": "integer"}}, "raw": {"line": TEXT, "times": {"type": "integer"}}, "raws": {},
    "many-pieces": {"n": {"type": "integer"}},
}  # fmt: skip
READ_ONLY = {"ok", "add", "rows"}
added: list[str] = []
raws: list[str] = []
answers: dict[str, "threading.Event"] = {}
answered: dict[str, dict] = {}
lock = threading.Lock()


def send(**message) -> None:
    with lock:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        sys.stdout.flush()


def result(request_id, *content, **more) -> None:
    send(id=request_id, result={"content": list(content), **more})


def text(request_id, words: str, **more) -> None:
    result(request_id, {"type": "text", "text": words}, **more)


def tool(name: str, properties: dict, **more) -> dict:
    schema = {"type": "object", "properties": properties, "required": [], "additionalProperties": False}
    if name == "add":
        schema["required"] = ["a", "b"]
    if MODE == "bad-schemas":
        schema = {"type": "object", "properties": {"x": {"type": "no such type"}}} if name == "ok" else schema
        schema = (
            {"type": "object", "additionalProperties": {"$ref": "#/properties/x"}}
            if name == "add"
            else schema
        )
        schema = (
            {"type": "object", "allOf": [{"$ref": "http://127.0.0.1:9/s.json"}]} if name == "err" else schema
        )
    words = f"Does {name}.{os.environ.get('MORE_WORDS', '')}"
    described = {"name": name, "description": words, "inputSchema": schema, **more}
    if name in READ_ONLY:
        described["annotations"] = {"readOnlyHint": True, "idempotentHint": True}
    return described


def list_tools(request_id) -> None:
    if MODE == "no-lists":
        send(id=request_id, error={"code": -32603, "message": "the list is broken"})
        return
    out = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
    tools = [tool(name, properties) for name, properties in TOOLS.items() if name != "badout"]
    tools += [tool("badout", {}, outputSchema=out), *(tool(name, {}) for name in added)]
    more = {"nextCursor": "again"} if MODE == "loop-pages" else {}  # a cursor that never ends
    send(id=request_id, result={"tools": tools, **more})


def in_thread(function, *args) -> None:
    threading.Thread(target=function, args=args, daemon=True).start()


def slow(request_id, seconds: float) -> None:
    time.sleep(seconds)
    text(request_id, "slept")


def ask(request_id, question: dict | None = None) -> None:
    key = f"ask-{request_id}"
    answers[key] = threading.Event()
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "minLength": 2}},
        "required": ["name"],
    }
    form = {"message": "Who are you?", "requestedSchema": schema}
    send(id=key, method="elicitation/create", params=question or form)
    answers[key].wait()
    text(request_id, json.dumps(answered[key]))


def ask_many(request_id, count: int) -> None:
    keys = [f"many-{request_id}-{n}" for n in range(count)]
    for key in keys:
        answers[key] = threading.Event()
        form = {"message": key, "requestedSchema": {"type": "object", "properties": {"name": TEXT}}}
        send(id=key, method="elicitation/create", params=form)
    for key in keys[20:]:
        answers[key].wait()
    declined = sum(answered.get(key, {}).get("action") == "decline" for key in keys)
    text(request_id, f"{declined} declined")


def steps(request_id, count: int, token) -> None:
    for done in range(1, count + 1):
        progress = {"progressToken": token, "progress": done, "total": count, "message": f"step {done}"}
        send(method="notifications/progress", params=progress)
    text(request_id, f"{count} steps")


def call(request_id, name: str, args: dict, meta: dict) -> None:  # noqa: C901 - a branch for each fault
    if name == "ok":
        text(request_id, args.get("s", "ok"))
    elif name == "add":
        total = args["a"] + args["b"]
        text(request_id, str(total), structuredContent={"total": total})
    elif name == "err":
        text(request_id, "tool says no", isError=True)
    elif name == "crash":
        sys.stderr.write("Traceback: something broke\n")
        sys.stderr.flush()
        os._exit(139)
    elif name == "hang":
        pass
    elif name == "garbage":
        sys.stdout.write('DEBUG: not json at all\n{"jsonrpc": broken\n')
        text(request_id, "after garbage")
    elif name == "badresult":
        send(id=request_id, result={"content": "not a list"})
    elif name == "badout":
        text(request_id, "{}", structuredContent={"x": "not an integer"})
    elif name == "big":
        text(request_id, "x" * int(args["n"]))
    elif name == "flood":
        for _ in range(int(args["n"])):
            sys.stderr.write("E" * 1023 + "\n")
        text(request_id, "flooded")
    elif name == "slow":
        in_thread(slow, request_id, float(args.get("seconds", 0.1)))
    elif name == "changed":
        added.append(f"new{len(added)}")
        send(method="notifications/tools/list_changed")
        text(request_id, "changed")
    elif name == "orphan":  # a child that must not outlive the session
        leaves = bool(args.get("leaves"))
        child = subprocess.Popen(
            ["sleep", "600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=leaves
        )
        text(request_id, str(child.pid))
    elif name == "image":
        link = {"type": "resource_link", "uri": "file:///a.txt", "name": "a.txt", "mimeType": "text/plain"}
        result(request_id, {"type": "image", "data": PNG, "mimeType": "image/png"}, link)
    elif name == "broken-image":
        result(request_id, {"type": "image", "data": "%%%", "mimeType": "image/png"})
    elif name == "markup":
        text(request_id, "<script>alert(1)</script> \x1b[31mred\x1b[0m \u202egnp.exe \x00")
    elif name == "media":
        audio = {"type": "audio", "data": PNG, "mimeType": "audio/wav"}
        inside = {"uri": "demo://inside", "mimeType": "text/plain", "text": "inside"}
        result(request_id, audio, {"type": "resource", "resource": inside})
    elif name == "ask":
        in_thread(ask, request_id)
    elif name == "ask-many":  # and end when all but the first 20 are answered
        in_thread(ask_many, request_id, int(args["n"]))
    elif name == "visit":
        url = {"mode": "url", "message": "Sign in", "url": "https://example.org/in", "elicitationId": "e1"}
        in_thread(ask, request_id, url)
    elif name == "quota":  # a code that the SDK uses for something else
        send(id=request_id, error={"code": -32000, "message": "quota used up"})
    elif name == "last-words":
        text(request_id, "w" * 300_000)
        os._exit(0)
    elif name == "deaf":  # reads no more
        time.sleep(600)
    elif name == "die-leaving":  # children that hold the pipes: one of its group, one that has left it
        for leaves in (False, True):
            subprocess.Popen(["sleep", "30"], start_new_session=leaves)
        os._exit(3)
    elif name == "many-rows":
        rows = [{"city": "Bern", "people": n, "name": f"row {n}"} for n in range(int(args["n"]))]
        text(request_id, "rows", structuredContent={"rows": rows})
    elif name == "raw":  # the line that is asked for, as often as that is
        raws.append(name)
        line = args["line"].replace("$ID", json.dumps(request_id)) + "\n"
        with lock:
            sys.stdout.write(line * int(args.get("times", 1)))
            sys.stdout.flush()
    elif name == "raws":
        text(request_id, str(len(raws)))
    elif name == "many-pieces":
        result(request_id, *({"type": "text", "text": f"piece {n}"} for n in range(int(args["n"]))))
    elif name == "steps":
        in_thread(steps, request_id, int(args["n"]), meta.get("progressToken"))
    elif name == "env":
        text(request_id, json.dumps(dict(os.environ)))
    elif name == "rows":
        rows = [{"city": "Bern", "people": 134_000}, {"city": "Rome", "people": 2_750_000}]
        text(request_id, json.dumps(rows), structuredContent={"rows": rows})
    else:
        send(id=request_id, error={"code": -32602, "message": f"Unknown tool: {name}"})


def main() -> None:  # noqa: C901 - a branch for each method
    if counted := os.environ.get("COUNT_FILE"):
        with open(counted, "a") as file:  # noqa: PTH123 - pathlib would double the start
            file.write(f"{os.getpid()}\n")
    if MODE == "exit-at-start":
        sys.exit("boom: missing TOKEN")
    if MODE == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if MODE == "banner":
        print("Welcome to my server v1.0! listening...", flush=True)
    while MODE == "noisy":
        print("still listening...", flush=False)
    time.sleep(float(os.environ.get("SLOW_START", "0")))
    for line in sys.stdin:
        try:
            message = json.loads(line)
        except ValueError:
            continue
        request_id, method = message.get("id"), message.get("method")
        params = message.get("params") or {}
        if method is None:  # an answer to us
            if request_id in answers:
                answered[request_id] = message.get("result") or {"error": message.get("error")}
                answers[request_id].set()
        elif method == "initialize":
            info = {"name": "faulty", "version": "1"}
            can = {"tools": {"listChanged": True}, "resources": {}, "prompts": {}}
            version = params["protocolVersion"]
            send(id=request_id, result={"protocolVersion": version, "capabilities": can, "serverInfo": info})
        elif method == "tools/list":
            list_tools(request_id)
        elif method == "tools/call":
            call(request_id, params["name"], params.get("arguments") or {}, params.get("_meta") or {})
        elif method == "resources/list":
            send(
                id=request_id,
                result={"resources": [{"uri": "demo://one", "name": "one", "mimeType": "text/plain"}]},
            )
        elif method == "resources/templates/list":
            send(
                id=request_id, result={"resourceTemplates": [{"uriTemplate": "demo://{name}", "name": "any"}]}
            )
        elif method == "resources/read" and not params["uri"].startswith("demo://"):
            send(id=request_id, error={"code": -32002, "message": "Resource not found"})
        elif method == "resources/read":
            contents = [
                {"uri": params["uri"], "mimeType": "text/plain", "text": f"content of {params['uri']}"}
            ]
            send(id=request_id, result={"contents": contents})
        elif method == "prompts/list":
            prompts = [{"name": "greet", "arguments": [{"name": "who", "required": True}]}]
            send(id=request_id, result={"prompts": prompts})
        elif method == "prompts/get":
            who = params.get("arguments", {}).get("who", "?")
            messages = [{"role": "user", "content": {"type": "text", "text": f"Say hello to {who}."}}]
            send(id=request_id, result={"messages": messages})
        elif request_id is not None and MODE != "ignore-unknown":
            send(id=request_id, error={"code": -32601, "message": "Method not found"})
    if MODE == "stubborn":
        time.sleep(600)


main()
