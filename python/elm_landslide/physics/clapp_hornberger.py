"""The water retention of ELM's soil (Clapp and Hornberger 1978): head -sucsat S^-b. Any array type, or numbers.

The network has the same curve as suction beyond air entry, in the operations that it exports (suction.py); the
simulator's compiled loop shares one logarithm between head, conductivity and derivatives (simulator/hydraulics.py).
"""


def head(saturation, sucsat, bsw):
    """Head (unit of sucsat, <= -sucsat) at a saturation (1, above 0); sucsat > 0, bsw (1)."""
    return -sucsat * saturation**-bsw


def saturation(head, sucsat, bsw):
    """The inverse: saturation (1) at a head <= -sucsat, in the unit of sucsat."""
    return (-head / sucsat) ** (-1.0 / bsw)
