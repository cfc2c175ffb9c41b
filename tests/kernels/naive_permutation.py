import math


def shift_entries(entries, sides, outcomes, ends, drift, shifts, most):
    def block_of(place):
        return next(g for g, end in enumerate(ends) if place < end)

    def t_of(shift):
        places = [(entry + shift) % len(outcomes) for entry in entries]
        held = [
            (block_of(place), side * outcomes[place])
            for place, side in zip(places, sides, strict=True)
            if not math.isnan(outcomes[place])
        ]
        blocks = {g for g, _ in held}
        if len(blocks) < 2:
            return math.nan
        theta = sum(y for _, y in held) / len(held)
        influence = [
            sum(y - theta for own, y in held if own == g) / len(held) - drift[g]
            for g in range(len(ends))
        ]
        square = sum(u * u for u in influence)
        se = math.sqrt(len(blocks) / (len(blocks) - 1) * square)
        return theta / se if abs(theta) < 1e12 * se else math.nan

    t = [t_of(0)]
    n_exceeding = 0
    for shift in shifts:
        t.append(t_of(shift))
        if not abs(t[-1]) < abs(t[0]) * (1 - 1e-9):
            n_exceeding += 1
            if n_exceeding > most:
                break
    return t, n_exceeding
