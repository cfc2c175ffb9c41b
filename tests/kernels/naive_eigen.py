"""Axes of a covariance matrix by LAPACK, and identities between cells by projection."""

import numpy as np
from scipy.linalg import null_space, orth


def symmetric_eigen(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return values, vectors.T


def rotate_block(correlation, raw, scale, freedom, least):
    values, vectors = np.linalg.eigh(correlation)
    is_null = values < least
    correlation = correlation + (vectors * (_raised(values, is_null, freedom) - values)) @ vectors.T
    contrasts = vectors[:, is_null] / raw[:, None]
    identities = orth(contrasts) if contrasts.size else contrasts
    along = identities.sum(axis=0)
    errors = correlation * np.outer(scale, scale)
    if np.sum(along**2) > 0.01 * len(raw):
        common = identities @ along / np.linalg.norm(along)
        identities = identities @ null_space(along[None, :])
        rest = np.eye(len(raw)) - np.outer(common, common)
        errors = rest @ errors @ rest + np.sum(scale**2) * np.outer(common, common)
    kept = null_space(identities.T) if identities.size else np.eye(len(raw))
    values, vectors = np.linalg.eigh(kept.T @ errors @ kept)
    return (kept @ vectors).T, np.maximum(values, least * scale.min() ** 2)


def _raised(values, is_null, freedom):
    """OAS of Chen et al. 2010, equation 23, of the eigenvalues that are kept."""
    kept = values[~is_null]
    p, n = kept.size, freedom
    trace, of_square = kept.sum(), (kept**2).sum()
    above = (1 - 2 / p) * of_square + trace**2
    spread = of_square - trace**2 / p
    drawn = min(1, above / (n + 1 - 2 / p) / spread) if p > 1 and spread > 1e-12 else 0.0
    raised = np.maximum((1 - drawn) * values + drawn * trace / p, values)
    return np.where(is_null, values, raised)
