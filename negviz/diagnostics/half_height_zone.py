"""Half-height zone of SimANS."""

from negviz.bells import Shape, half_height
from negviz.diagnostics import DIAGNOSTICS


@DIAGNOSTICS.register("Half-height zone of SimANS", reference="SimANS, Zhou et al. 2022, arXiv:2210.11773")
def half_height_zone(a: float, b: float, shape: Shape = "gaussian") -> tuple[float, float]:
    """Tell between which distances to the positive SimANS' weight is at least half its peak: ``b +- sqrt(ln 2 / a)``.

    Args:
        a: Sharpness, in 1 / (score unit)^2; with 0 the weight is the same everywhere.
        b: Where the peak lies relative to the positive.
        shape: ``laplace`` for ``exp(-a |d|)``, which is one half at ``ln 2 / a``.

    Returns:
        Lower and upper distance to the positive, infinite for ``a`` = 0.

    References:
        METHODS D4.
    """
    return half_height(a, b, shape)
