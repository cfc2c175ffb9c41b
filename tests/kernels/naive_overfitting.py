import statistics
from functools import partial
from math import isclose

is_close = partial(isclose, rel_tol=1e-9)


def rank_winners(sums, squares, lengths, halves):
    def sharpe(k, blocks):
        n = sum(lengths[b] for b in blocks)
        mean = sum(sums[b][k] for b in blocks) / n
        power = sum(squares[b][k] for b in blocks)
        variance = (power - n * mean**2) / (n - 1)
        return mean / variance**0.5 if variance * (n - 1) > 1e-12 * power else 0.0

    def rank(half):
        inside = [b for b, chosen in enumerate(half) if chosen]
        outside = [b for b, chosen in enumerate(half) if not chosen]
        n = len(sums[0])
        before = [sharpe(k, inside) for k in range(n)]
        after = [sharpe(k, outside) for k in range(n)]
        winner = next(k for k in range(n) if is_close(before[k], max(before)))
        places = [i for i, s in enumerate(sorted(after), start=1) if is_close(s, after[winner])]
        return statistics.mean(places) / (n + 1)

    return [rank(half) for half in halves]
