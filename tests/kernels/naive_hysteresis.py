"""Passages between two states, from their definition."""


def passes(here, there, memory):
    out = []
    for t in range(len(here)):
        past = [i for i in range(max(0, t - memory), t) if here[i] or there[i]]
        out.append(bool(here[t] and past and there[past[-1]]))
    return out
