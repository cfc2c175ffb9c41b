"""The gates between a hypothesis and its promotion: a table of small functions with reasons.

A gate reads one row: the columns of FINDINGS, those of BRIDGED (with the suffix ``_confirmed``
where both have them), `sufficient` (what discovery wanted), `net_inner_bps` (see `is_broad`) and
`likeness` (to a broader candidate). Every finding that traded has a figure at every gate.
"""

from __future__ import annotations

import math

from tasks.promotion.answers import (
    INSUFFICIENT,
    REJECTED,
    Answer,
    Gate,
    Row,
    Stop,
    answer,
    count_missing,
)
from tasks.promotion.config import PromotionConfig

FINDING = "finding"


def is_testable(row: Row, config: PromotionConfig) -> Answer:
    """Discovery had enough occurrences to test it."""
    sufficient = row["sufficient"]
    wanted = f"at least {sufficient.min_events} in {sufficient.min_clusters} blocks"
    if row["verdict"] != INSUFFICIENT:
        return Answer(float(row["n"]), wanted)
    n_more = count_missing(
        row["n"],
        (row["n"], sufficient.min_events),
        (row["n_clusters"], sufficient.min_clusters),
        (row["effective_clusters"], sufficient.min_effective_clusters),
    )
    advice = f": about {n_more} more events would do" if n_more else ""
    stop = Stop(INSUFFICIENT, row["reason"] + advice, n_more)
    return Answer(float(row["n"]), wanted, stop)


def is_finding(row: Row, config: PromotionConfig) -> Answer:
    """Its effect survived the multiplicity of all hypotheses."""
    stop = None if row["verdict"] == FINDING else Stop(REJECTED, row["reason"])
    return Answer(row["q"], "low enough for discovery", stop)


def is_chosen_again(row: Row, config: PromotionConfig) -> Answer:
    """The procedure would have traded it before most of the folds."""
    n, n_folds = row["n_folds_selected"], row["n_folds"]
    share = n / n_folds if n_folds else 0.0
    wanted = f"at least {config.min_selected_share:.2f}"
    reason = f"chosen again before {n} of {n_folds} folds, {config.min_selected_share:.0%} wanted"
    return answer(share, wanted, share >= config.min_selected_share, reason)


def has_trades(row: Row, config: PromotionConfig) -> Answer:
    """It traded often enough in the folds that it was chosen for."""
    n, n_clusters = row["n_trades"], row["n_clusters_confirmed"]
    wanted = f"{config.min_trades} in {config.min_trade_clusters} blocks"
    if n >= config.min_trades and n_clusters >= config.min_trade_clusters:
        return Answer(float(n), f"at least {wanted}")
    n_more = count_missing(n, (n, config.min_trades), (n_clusters, config.min_trade_clusters))
    have = f"{n} confirmation trades in {n_clusters}"
    stop = Stop(INSUFFICIENT, f"{have}, {wanted} wanted: needs {n_more} more", n_more)
    return Answer(float(n), f"at least {wanted}", stop)


def earns_its_costs(row: Row, config: PromotionConfig) -> Answer:
    """Its mean trade is positive after costs."""
    net, gross, cost = row["net_bps"], row["gross_bps"], row["cost_bps"]
    reason = f"confirmation mean {net:.1f} bps: {gross:.1f} gross, {cost:.1f} costs"
    return answer(net, "above 0 bps", net > 0, reason)


def is_significant(row: Row, config: PromotionConfig) -> Answer:
    """That mean is beyond chance, given all findings."""
    q = row["q_confirmed"]
    reason = (
        f"confirmation q {q:.3f} above {config.max_q:g} "
        f"(mean {row['net_bps']:.1f} bps, t {row['t_confirmed']:.2f})"
    )
    return answer(q, f"at most {config.max_q:g}", q <= config.max_q, reason)


def keeps_its_sign(row: Row, config: PromotionConfig) -> Answer:
    """Most of the folds that have enough trades earn."""
    n, n_judged = row["n_folds_positive"], row["n_folds_judged"]
    wanted = f"at least {config.min_positive_share:.2f}"
    if not n_judged:
        stop = Stop(INSUFFICIENT, "no fold has enough trades to have a sign: needs longer folds")
        return Answer(0.0, wanted, stop)
    share = n / n_judged
    reason = f"{n} of {n_judged} folds earn, {config.min_positive_share:.0%} wanted"
    return answer(share, wanted, share >= config.min_positive_share, reason)


def survives_double_costs(row: Row, config: PromotionConfig) -> Answer:
    """It is still positive when everything costs twice as much."""
    net = row["net_double_cost_bps"]
    even = row["break_even_cost_bps"]
    reason = f"{net:.1f} bps at double costs; breaks even at {even:.1f} bps per side"
    return answer(net, "above 0 bps", net > 0, reason)


def survives_delay(row: Row, config: PromotionConfig) -> Answer:
    """Done one bar later, it keeps much of its gross edge; where there is none, nothing is kept."""
    gross, later = row["gross_bps"], row["gross_delayed_bps"]
    share = 0.0 if gross <= 0 else later / gross
    wanted = f"at least {config.min_kept_share:.2f}"
    if row["horizon_bars"] < config.min_delay_bars:
        wanted = f"not asked of less than {config.min_delay_bars} bars"
        return answer(share, wanted, True, "")
    reason = f"{later:.1f} of {gross:.1f} bps gross are left one bar later, " + (
        f"{config.min_kept_share:.0%} wanted"
    )
    return answer(share, wanted, share >= config.min_kept_share, reason)


def is_spread(row: Row, config: PromotionConfig) -> Answer:
    """No single trade makes its profit."""
    share = row["largest_share"]
    reason = f"{share:.0%} of all that was won comes from one trade"
    wanted = f"at most {config.max_largest_share:.2f}"
    return answer(share, wanted, share <= config.max_largest_share, reason)


def is_broad(row: Row, config: PromotionConfig) -> Answer:
    """It earns without its best trades, when as many of the worst are left out.

    Without the best alone the mean of any symmetric distribution falls (a normal one's by 0.11
    standard deviations without the best 5 %, as much as a t of 2 in 300 trades is worth): that
    would ask for luck on the other side. Cut at both ends the mean of a symmetric distribution
    stays where it was, and only what lives in one tail falls (Tukey 1962).
    """
    inner, best = row["net_inner_bps"], row["net_trimmed_bps"]
    reason = (
        f"{inner:.1f} bps without the best and the worst trades, {best:.1f} without the best, "
        f"{row['net_bps']:.1f} with all"
    )
    return answer(inner, "above 0 bps", inner > 0, reason)


def shift_earns_nothing(row: Row, config: PromotionConfig) -> Answer:
    """Placebo: the same trades a day and a week later do not earn as well."""
    return _placebo_fails(row["p_shifted"], "the same trades some days later earn too", config)


def opposite_earns_nothing(row: Row, config: PromotionConfig) -> Answer:
    """Placebo: the same trades on the other side do not earn as well."""
    return _placebo_fails(row["p_opposite"], "the other side earns too", config)


def beats_random_entries(row: Row, config: PromotionConfig) -> Answer:
    """Placebo: random entries in the same markets, regimes and sides earn less."""
    p, level = row["p_random"], config.placebo_level
    reason = f"placebo: no better than random entries (p {p:.3f}, at most {level:g} wanted)"
    return answer(p, f"at most {level:g}", p <= level, reason)


def shrinks_to_a_profit(row: Row, config: PromotionConfig) -> Answer:
    """The shrunk effect has the effect's sign and exceeds what a trade costs."""
    shrunk, cost = row["follow"] * row["shrunk_bps"], row["cost_bps"]
    reason = (
        f"effect {row['scaled_bps']:.1f} bps shrinks to {row['shrunk_bps']:.1f}, "
        f"a trade costs {cost:.1f}"
    )
    figure = math.nan if math.isnan(cost) else shrunk
    return answer(figure, f"above the costs of {cost:.1f} bps", shrunk > cost, reason)


def is_different(row: Row, config: PromotionConfig) -> Answer:
    """It holds other positions than broader candidates that stand; 1 where it is a part of one."""
    likeness = row["likeness"]
    wanted = f"at most {config.max_overlap_share:.2f}"
    if likeness.is_part:
        return answer(1.0, wanted, False, f"redundant: a part of {likeness.hypothesis}")
    passes = likeness.share <= config.max_overlap_share
    shared = f"shares {likeness.share:.0%} of the positions"
    reason = f"redundant with {likeness.hypothesis}: {shared}"
    return answer(likeness.share, wanted, passes, reason)


GATES: tuple[Gate, ...] = (
    ("testable", "enough occurrences to test", is_testable),
    ("finding", "beyond chance among all hypotheses", is_finding),
    ("walk_forward", "chosen again before most test folds", is_chosen_again),
    ("confirmation_trades", "enough trades in the confirmation era", has_trades),
    ("net_positive", "positive after costs", earns_its_costs),
    ("confirmation_q", "beyond chance in the confirmation era", is_significant),
    ("fold_signs", "positive in most test folds", keeps_its_sign),
    ("cost_stress", "positive at double costs", survives_double_costs),
    ("delay", "keeps its edge one bar later", survives_delay),
    ("concentration", "not made by one trade", is_spread),
    ("without_best", "positive without its extreme trades", is_broad),
    ("placebo_shifted", "a day or a week later earns nothing", shift_earns_nothing),
    ("placebo_opposite", "the other side earns nothing", opposite_earns_nothing),
    ("placebo_random", "better than random entries", beats_random_entries),
    ("shrunk_sign", "shrunk effect exceeds the costs", shrinks_to_a_profit),
    ("different", "not redundant with a broader one", is_different),
)


def _placebo_fails(p: float, told: str, config: PromotionConfig) -> Answer:
    level = config.placebo_level
    reason = f"placebo: {told} (p {p:.3f}, above {level:g} wanted)"
    return answer(p, f"above {level:g}", p > level, reason)
