"""Longer bars as one would make them of a list: group, and take those that are over."""


def coarsen(times, bars, is_gap, step, base_step):
    groups = {}
    for t, time in enumerate(times):
        groups.setdefault(time // step, []).append(t)
    coarse, rows = [], []
    for number, slots in sorted(groups.items()):
        held = [t for t in slots if not is_gap[t]]
        began = times[slots[0]] == number * step
        is_over = times[slots[-1]] + base_step == (number + 1) * step
        if held and began and is_over:
            coarse.append(
                (
                    bars[0][held[0]],
                    max(bars[1][t] for t in held),
                    min(bars[2][t] for t in held),
                    bars[3][held[-1]],
                    sum(bars[4][t] for t in held),
                )
            )
            rows.append(slots[-1])
    return coarse, rows


def take(times, bars, is_gap, step, base_step):
    """Whether a longer bar closed with the last of these slots."""
    _, rows = coarsen(times, bars, is_gap, step, base_step)
    return bool(rows) and rows[-1] == len(times) - 1
