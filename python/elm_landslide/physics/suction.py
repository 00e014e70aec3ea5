"""Suction and suction stress of unsaturated soil.

Suction stress follows Lu and Likos (2004): sigma_s = -Se s, negative where water holds the grains together;
in saturated soil sigma_s = +u (pore pressure).
"""

from __future__ import annotations

import torch
from torch import Tensor

from elm_landslide.physics.constants import WATER_WEIGHT

# Degree of saturation below which water no longer moves or pulls (Lu and Godt 2013, table of residual contents:
# 0.03-0.1 of volume for sand to clay). One value, because the cap on the stress binds long before it matters.
RESIDUAL_SATURATION = 0.1


def clapp_hornberger_suction_stress(saturation: Tensor, sucsat: Tensor, bsw: Tensor) -> Tensor:
    """Magnitude (Pa, >= 0) of the suction stress of ELM's soil: gamma_w Se max(|psi| - sucsat, 0).

    psi = -sucsat S^-b (Clapp and Hornberger 1978); at saturation psi = -sucsat is the air entry, not strength,
    so sucsat is subtracted. Se = (S - Sr)/(1 - Sr) with residual saturation Sr.
    saturation (1), sucsat (m), bsw (1) of one shape; bsw > 1.

    Se (S^-b - 1) has its maximum near S = Sr b/(b-1); drier than that the maximum is held, so that the stress
    never falls as the soil dries and the factor of safety never rises as it wets.
    """
    wet = torch.minimum(torch.maximum(saturation, RESIDUAL_SATURATION * bsw / (bsw - 1.0)), torch.ones_like(bsw))
    effective = (wet - RESIDUAL_SATURATION) / (1.0 - RESIDUAL_SATURATION)
    return WATER_WEIGHT * effective * sucsat * (torch.exp(-bsw * torch.log(wet)) - 1.0)
