"""The search: it proposes configurations, sends them to workers, and writes down what comes back.

`search.py` is the way in (`run`, `resume`). Importing this package loads neither Optuna, Ray nor torch.
"""
