"""The trend of a chart, from its definition: all bars of it at every bar."""

import math

from tests.kernels import naive_chart


def step_trend(chart, rules):
    """What is known at the last bar of a list of bars, see `naive_chart.push`."""
    n = len(chart) - 1
    atr = naive_chart.average_range(chart, n, rules["atr_bars"])
    said = {"stance": 0, "is_warm": 0, "distance": math.nan, "atr": atr}
    if n < max(rules["mean_bars"] - 1, rules["atr_bars"]) or not atr > 0:
        return said
    closes = [bar.close for bar in chart[-rules["mean_bars"] :]]
    total = naive_chart.total(closes[-1] - close for close in closes)
    said["distance"] = total / len(closes) / atr
    said["is_warm"] = 1
    if abs(said["distance"]) >= rules["trend_atr"]:
        said["stance"] = (said["distance"] > 0) - (said["distance"] < 0)
    return said


def run_trend(bars, rules):
    chart, said = [], []
    for bar in bars:
        naive_chart.push(chart, *bar)
        said.append(step_trend(chart, rules))
    return said
