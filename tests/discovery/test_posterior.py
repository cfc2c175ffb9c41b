import numpy as np
import pytest
from scipy.stats import norm, t

from tasks.discovery.cells import Estimates
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.posterior import moderate_variances, shrink_effects, widen

CONFIG = DiscoveryConfig()


def _estimates(effect, se, n, n_clusters):
    k = len(effect)
    blank = np.zeros(k)
    return Estimates(
        n=np.array(n, float),
        n_clusters=np.array(n_clusters, float),
        effective_clusters=np.array(n_clusters, float),
        mean=np.array(effect, float),
        baseline=blank,
        effect=np.array(effect, float),
        se=np.array(se, float),
        naive_t=blank,
        scale=blank + 1,
        influence=np.nan_to_num(np.diag(np.array(se, float))),
    )


def test_variances_are_moderated_as_limma_does():
    found = _estimates([0, 0, 0], [2.0, 1.0, 1.0], [100, 100, 400], [11, 21, 41])
    # n v: 400, 100, 400, so v0 = 400 / n.
    wanted = [(4 * 4 + 10 * 4) / 14, (4 * 4 + 20 * 1) / 24, (4 * 1 + 40 * 1) / 44]
    np.testing.assert_allclose(moderate_variances(found, CONFIG), wanted)


def test_one_event_or_constant_returns_are_not_certain():
    found = _estimates([0, 0, 5, 5], [2.0, 1.0, np.nan, 0.0], [100, 100, 1, 50], [30, 30, 1, 30])
    moderated = moderate_variances(found, CONFIG)
    assert moderated[2] == pytest.approx(250)
    assert moderated[3] == pytest.approx(4 * 5 / 33)


def test_with_no_standard_error_at_all_nothing_is_known():
    found = _estimates([3.0, 4.0], [np.nan, np.nan], [1, 2], [1, 1])
    assert np.isinf(moderate_variances(found, CONFIG)).all()
    mean, sd = shrink_effects(found, np.array([0, 0]), np.array([0]), CONFIG)
    assert (mean == 0).all()
    assert np.isnan(sd).all()


def test_a_t_statistic_is_widened_to_the_normal_one_of_the_same_p():
    effects, variances = np.array([3.0, -3.0, 0.0, 0.1]), np.ones(4)
    wide = widen(effects, variances, np.array([5.0, 5.0, 5.0, 1e6]))
    p = 2 * t.sf(3, 5)
    z = norm.isf(p / 2)
    np.testing.assert_allclose(wide, [(3 / z) ** 2, (3 / z) ** 2, 1, 1], rtol=1e-5)


def test_few_blocks_are_shrunk_more_than_many():
    few = _estimates([9.0, 1, -1, 2, 0], [2.0] * 5, [50] * 5, [4] * 5)
    many = _estimates([9.0, 1, -1, 2, 0], [2.0] * 5, [50] * 5, [400] * 5)
    tree = np.zeros(5, np.int64), np.array([0])
    assert shrink_effects(few, *tree, CONFIG)[0][0] < shrink_effects(many, *tree, CONFIG)[0][0]


def test_nested_cells_are_no_more_evidence_than_their_event():
    """Six copies of one estimate leave a posterior as wide as the one that they copy."""
    once = _estimates([4.0, -3.0], [1.0, 1.0], [500, 500], [300, 300])
    twelve = Estimates(
        **{name: np.repeat(values, 6, axis=0) for name, values in vars(once).items()}
    )
    events = np.array([0, 1])
    mean, sd = shrink_effects(once, events, np.array([0, 1]), CONFIG)
    means, sds = shrink_effects(twelve, np.repeat(events, 6), np.array([0, 1]), CONFIG)
    np.testing.assert_allclose(means[::6], mean, rtol=1e-6)
    np.testing.assert_allclose(sds[::6], sd, rtol=0.02)
