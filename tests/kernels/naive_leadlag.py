"""The definitions, in plain Python."""

from __future__ import annotations

from math import isfinite, nan

import numpy as np


def lagged_regression(y, x, window, phase, min_count):
    coefficients, largest = [], []
    for t in range(len(y)):
        rows = [(x[s - 1], x[s - 2], x[s - 3], y[s]) for s in range(max(3, t - window + 1), t + 1)]
        rows = np.array([row for row in rows if all(map(isfinite, row))])
        solved = _least_squares(rows) if len(rows) >= max(5, min_count) else None
        coefficients.append([nan] * 4 if solved is None else solved[0])
        largest.append(nan if solved is None else solved[1])
    return np.array(coefficients).reshape(-1, 4).T, largest


def forecast(coefficients, x):
    constant, *slopes = coefficients
    return [nan] * min(3, len(x)) + [
        constant[t - 1] + sum(slope[t - 1] * x[t - 1 - lag] for lag, slope in enumerate(slopes))
        for t in range(3, len(x))
    ]


def _least_squares(rows):
    design = np.column_stack([np.ones(len(rows)), rows[:, :3]])
    if np.linalg.matrix_rank(design, tol=1e-9) < 4:
        return None
    solution = np.linalg.lstsq(design, rows[:, 3], rcond=None)[0]
    residual = rows[:, 3] - design @ solution
    variance = residual @ residual / (len(rows) - 4)
    errors = np.sqrt(variance * np.diag(np.linalg.inv(design.T @ design)))
    return solution, max(abs(solution[1:] / errors[1:]))
