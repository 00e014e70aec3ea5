"""ELM's pedotransfer functions of mineral soil (Clapp and Hornberger 1978, Cosby et al. 1984, as in ELM).

sand and clay in %; any array type, element by element.
"""


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


def texture(porosity, bsw):
    """Sand and clay (%) of mineral soil from its porosity (m3/m3) and exponent b (1): the inverse of the above."""
    return (0.489 - porosity) / 0.00126, (bsw - 2.91) / 0.159
