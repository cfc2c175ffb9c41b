"""Ground floor: numba only here; numpy in, numpy out."""
