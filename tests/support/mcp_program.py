"""An MCP server in the older version of the protocol, as a program that starts at once: it speaks without an SDK."""

import json
import os
import sys
import time

TOOL = {"name": "process", "description": "Tell which process answers.", "inputSchema": {"type": "object"}}


def answer(method, params):
    """Return the answer to a request, or None for a method that is not known."""
    if method == "initialize":
        server = {"name": "program", "version": "1"}
        version = params["protocolVersion"]
        return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": server}
    if method == "tools/list":
        return {"tools": [TOOL]}
    if method == "tools/call":
        time.sleep(params["arguments"].get("seconds", 0))
        return {"content": [{"type": "text", "text": f"process {os.getpid()}"}]}
    return None


def main():
    """Answer each line of standard input."""
    for line in sys.stdin:
        request = json.loads(line)
        if "id" not in request:
            continue
        result = answer(request["method"], request.get("params"))
        failed = {"error": {"code": -32601, "message": "There is no such method."}}
        rest = failed if result is None else {"result": result}
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": request["id"], **rest}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
