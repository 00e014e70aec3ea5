"""ELM's pedotransfer functions (Clapp and Hornberger 1978, Cosby et al. 1984; organic matter: Letts et al. 2000 and
Lawrence and Slater 2008).

sand and clay in %; any array type, element by element.
"""

import numpy as np

SAPRIC_DEPTH = 0.5  # m, at which peat is as dense as it gets


def porosity(sand):
    """Volumetric water content at saturation, watsat (m3/m3)."""
    return 0.489 - 0.00126 * sand


def bsw(clay):
    """Clapp-Hornberger exponent b (1)."""
    return 2.91 + 0.159 * clay


def sucsat(sand):
    """Suction at saturation (mm)."""
    return 10 * 10 ** (1.88 - 0.0131 * sand)


def ks(sand):
    """Saturated hydraulic conductivity (m/s)."""
    return 0.0070556e-3 * 10 ** (-0.884 + 0.0153 * sand)


def peat(depth):
    """Porosity (m3/m3), suction at saturation (mm) and exponent b (1) of organic matter at a depth (m)."""
    share = np.minimum(depth / SAPRIC_DEPTH, 1.0)
    return 0.93 - 0.1 * share, 10.3 - 0.2 * share, 2.7 + 9.3 * share


def blended(mineral, organic, share):
    """A property of soil with a share of organic matter (1), as ELM has it: by volume."""
    return (1.0 - share) * mineral + share * organic


def soil(sand, clay, organic, depth):
    """Porosity (m3/m3), suction at saturation (mm) and exponent b (1) of soil with a share of organic matter (1)."""
    mineral = porosity(sand), sucsat(sand), bsw(clay)
    return tuple(blended(*pair, organic) for pair in zip(mineral, peat(depth), strict=True))


def texture(porosity, bsw):
    """Sand and clay (%) of mineral soil from its porosity (m3/m3) and exponent b (1): the inverse of the above."""
    return (0.489 - porosity) / 0.00126, (bsw - 2.91) / 0.159
