"""The search: it proposes configurations, sends them to workers, and writes down what comes back.

`run.py` is the way in (`run`, `resume`). Importing this package loads neither Optuna, Ray nor torch.
"""
