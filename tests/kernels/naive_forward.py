import math


def forward_outcomes(open_, high, low, close, n_bars):
    n = len(close)
    rows = []
    for t in range(n):
        held = range(t + 1, t + n_bars + 1)
        whole = t + n_bars < n and not any(
            math.isnan(prices[i]) for prices in (open_, high, low, close) for i in (t, *held)
        )
        if whole:
            entry = open_[t + 1]
            rows.append(
                (
                    close[t + n_bars] / entry - 1,
                    max(high[i] for i in held) / entry - 1,
                    min(low[i] for i in held) / entry - 1,
                )
            )
        else:
            rows.append((math.nan,) * 3)
    return tuple([row[i] for row in rows] for i in range(3))
