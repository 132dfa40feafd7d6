"""Evaluation on labelled cases: measures, comparisons of two runs, and reports."""
