"""Open ONNX models the same way everywhere: on one thread, with the same result on every processor."""

from pathlib import Path
from typing import Any

#: Makes onnxruntime multiply int8 weights by kernels that cannot overflow on x86 processors without VNNI. The faster
#: ones saturate sums at 16 bits there, so that a probability of .52 became .43 and no threshold held on both kinds.
PRECISE = ("session.x64quantprecision", "1")


def open_session(path: Path) -> Any:
    """Return the `onnxruntime.InferenceSession` of a model; safe to share between threads, not across a fork."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry(*PRECISE)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
