import math


def add_excess(
    excess, held, targets, offsets, cluster, weight, side, total, mu, baselines, errors, first
):
    for i, target in enumerate(targets):
        places = range(offsets[i], offsets[i + 1])
        if sum(weight[j] for j in places) == 0:
            continue
        for g in range(len(errors[0])):
            here = [j for j in places if cluster[j] - first == g]
            sides = sum(side[j] for j in places)
            excess[target][g] += sum(total[j] - side[j] * mu[i] for j in here)
            excess[target][g] -= sides * errors[baselines[i]][g]
            held[target][g] += sum(weight[j] for j in here)


def estimate_rows(excess, held):
    theta, se, influence = [], [], []
    for e, w in zip(excess, held, strict=True):
        n_held = sum(value > 0 for value in w)
        mean = sum(e) / sum(w) if n_held else math.nan
        correction = math.sqrt(n_held / (n_held - 1)) if n_held > 1 else 0.0
        own = [
            correction * (x - v * mean) / sum(w) if n_held > 1 else 0.0
            for x, v in zip(e, w, strict=True)
        ]
        theta.append(mean)
        se.append(math.sqrt(sum(u * u for u in own)) if n_held > 1 else math.nan)
        influence.append(own)
    return theta, se, influence
