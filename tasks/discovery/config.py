"""Configuration of discovery."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from lake.config import Config

Condition = Literal["all", "vol_regime", "trend_regime", "session", "funding_regime"]
CONDITIONS: tuple[Condition, ...] = (
    *("all", "funding_regime", "session", "trend_regime", "vol_regime"),
)


class DiscoveryConfig(Config):
    """Which hypotheses are asked, and what counts as an answer.

    A calendar block is as long as the longer of `cluster_days` and `cluster_horizons` horizons:
    shared statistics.md 1.1 measures why. The three least counts are the gate before any test.
    Conditions are kept sorted.

    Attributes
    ----------
    confirmation_share, sealed_share : float
        Shares of the span of the two later eras; what is left is searched.
    weight_cap : float
        An inverse variance counts at most so many times the market's median.
    disagreement_p : float
        Estimates with a p below this must agree in sign, else the hypothesis is not believed.
    multiplicity : str
        Over which hypotheses the false discovery rate is controlled: those of this run, or also
        all that the lake's ledger holds of these bars.
    n_sign_flips : int
        Draws of the Romano-Wolf column.
    n_scrutinised, n_shifts, max_permutation_p : int, int, float
        How many hypotheses are looked at again although they are no findings, circular shifts of
        each, and the share of shifts as strong as the event that a finding may have.
    n_folds, refit_p : int, float
        Test folds that the confirmation era is cut into, fewer where it has fewer days; and the
        one-sided p, estimated on all that came before a fold, with which a finding is still
        traded in it.
    """

    confirmation_share: float = Field(0.3, gt=0, lt=1)
    sealed_share: float = Field(0.1, gt=0, lt=1)
    conditions: tuple[Condition, ...] = Field(CONDITIONS, min_length=1)
    cluster_days: int = Field(1, ge=1)
    cluster_horizons: int = Field(5, ge=1)
    weight_cap: float = Field(5.0, gt=0)
    min_events: int = Field(30, ge=2)
    min_clusters: int = Field(20, ge=2)
    min_effective_clusters: float = Field(15.0, ge=1)
    disagreement_p: float = Field(0.1, ge=0, le=1)
    fdr_q: float = Field(0.05, gt=0, lt=1)
    multiplicity: Literal["run", "ledger"] = "run"
    n_sign_flips: int = Field(999, ge=99)
    n_scrutinised: int = Field(20, ge=0)
    n_shifts: int = Field(1999, ge=99)
    max_permutation_p: float = Field(0.02, gt=0, le=1)
    seed: int = Field(20_240_229, ge=0)
    power: float = Field(0.8, gt=0, lt=1)
    prior_clusters: float = Field(4.0, gt=0)
    variance_floor_share: float = Field(1e-6, gt=0, lt=1)
    least_se_share: float = Field(1e-9, gt=0, lt=1)
    n_folds: int = Field(4, ge=1, le=100)
    refit_p: float = Field(0.05, gt=0, le=1)
    path_bars_before: int = Field(24, ge=0, le=1000)
    path_bars_after: int = Field(48, ge=1, le=1000)
    path_band: float = Field(0.95, gt=0, lt=1)

    @field_validator("conditions")
    @classmethod
    def _sorted_and_unique(cls, value: tuple[Condition, ...]) -> tuple[Condition, ...]:
        if len(set(value)) < len(value):
            raise ValueError(f"{', '.join(value)} names a condition twice: wanted each once")
        return tuple(sorted(value))

    @model_validator(mode="after")
    def _something_is_searched(self) -> DiscoveryConfig:
        later = self.confirmation_share + self.sealed_share
        if later >= 1:
            raise ValueError(
                f"confirmation_share and sealed_share are {later:g} together: wanted less than 1, "
                "so that some of the span is searched"
            )
        return self
