"""Models are opened so that they give the same result on every processor."""

from kb.onnx_session import PRECISE, open_session
from worker.answering.check import cross_encoder


def test_int8_models_do_not_saturate_and_run_on_one_thread():
    options = open_session(cross_encoder.shipped("support") / cross_encoder.MODEL_FILE).get_session_options()
    assert options.get_session_config_entry(PRECISE[0]) == "1"
    assert options.intra_op_num_threads == options.inter_op_num_threads == 1
