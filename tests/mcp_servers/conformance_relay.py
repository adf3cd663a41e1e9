"""What the conformance suite starts as a client: `python -S -E conformance_relay.py PORT URL`.

It hands on what it was given to `conformance_client`, which is warm and does the work, and ends as that one says. So a
scenario takes no start of Python with all its imports.
"""

import json
import os
import socket
import sys

port, url = sys.argv[1:]
names = ("SCENARIO", "PROTOCOL_VERSION", "CONTEXT")
said = {name.lower(): os.environ.get(f"MCP_CONFORMANCE_{name}", "") for name in names}
with socket.create_connection(("127.0.0.1", int(port))) as connection:
    connection.sendall(json.dumps({"url": url, **said}).encode() + b"\n")
    answer = connection.makefile("rb").read().decode()
print(answer)
sys.exit(answer != "ok")
