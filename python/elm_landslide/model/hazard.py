"""The hazard: how much likelier a rain-triggered landslide is than on an ordinary day at an ordinary place.

    ln hazard = a ln(p + FLOOR) + b ln(index + c) + sum_k o_k sigmoid(u_k rising + v_k state + d_k) + e state - r

p is the failing share, index a sum of the water of a week that weighs recent water most; `rising` is made of ln p and
the water of one, three and seven days; `state` is what ELM knows of water besides: soil water, ice, water table,
runoff, drainage. a, b, o and u are positive, so the hazard never falls with the failing share, nor with recent water at
one state, nor with lost roots, whatever was learned. It is the geometric mean of some members of this form. r makes it
1 on average over random places and days. Slope and cover act through p alone; nothing in it answers to temperature,
date or place.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from elm_landslide.fields import SPVAL

FLOOR = 1e-6  # added to a failing share before its logarithm
MIDDLE, SCALE = -8.0, 3.0  # of ln p, about
WINDOWS = 3  # of a week: the last day, three days, all
LARGEST = 3.0  # scales of a state; beyond them it acts no more


@dataclass
class HazardInputs:
    """Of n columns: failing [n] (1), waters [n, WINDOWS] (mm) of the last day, the second and third, the fourth to
    seventh; state [n, state], not normalised."""

    failing: Tensor
    waters: Tensor
    state: Tensor


class Hazard(nn.Module):
    """The hazard of columns; untrained until stage 3."""

    state_mean: Tensor
    state_scale: Tensor
    sums: Tensor
    reference: Tensor
    trained: Tensor

    def __init__(self, state: int, members: int = 3, width: int = 12):
        super().__init__()
        float64 = torch.float64

        def start(value: float, *shape: int) -> nn.Parameter:
            return nn.Parameter(torch.full(shape, value, dtype=float64))

        rising = 1 + WINDOWS
        # Positive weights are exponentials of these.
        self.sensitivity = start(-2.0, members)
        self.gain = start(-0.5, members)
        self.recession = nn.Parameter(torch.tensor([0.0, -1.2, -2.5], dtype=float64).repeat(members, 1))
        self.least = start(0.5, members)  # mm
        self.rising = start(-2.0, members, width, rising)
        self.out = start(-2.0, members, width)
        self.state_in = start(0.0, members, width, state)
        self.offset = start(0.0, members, width)
        self.state_out = start(0.0, members, state)
        self.register_buffer("state_mean", torch.zeros(state, dtype=float64))
        self.register_buffer("state_scale", torch.ones(state, dtype=float64))
        self.register_buffer("sums", torch.ones(WINDOWS, WINDOWS, dtype=float64).triu())  # waters @ it: nested sums
        self.register_buffer("reference", torch.zeros((), dtype=float64))
        self.register_buffer("trained", torch.tensor(False))

    def besides(self) -> Tensor:
        """How much acts beside the failing share itself: a number, 0 if nothing does."""
        learned = torch.exp(self.out).sum(-1) + (self.state_out**2).sum(-1)
        return (torch.exp(self.gain) + learned).mean()

    def member_logs(self, inputs: HazardInputs) -> Tensor:
        """ln of the hazard by member [n, member], before the reference."""
        log_p = (torch.log(inputs.failing + FLOOR).unsqueeze(-1) - MIDDLE) / SCALE
        nested = inputs.waters @ self.sums
        state = ((inputs.state - self.state_mean) / self.state_scale).clamp(-LARGEST, LARGEST)
        index = nested @ torch.exp(self.recession).T + torch.exp(self.least)
        rising = torch.cat([log_p, torch.log1p(nested) / SCALE], dim=-1)
        members, width, _ = self.rising.shape
        hidden = rising @ torch.exp(self.rising).flatten(0, 1).T + state @ self.state_in.flatten(0, 1).T
        hidden = torch.sigmoid(hidden + self.offset.flatten()).view(-1, members, width)
        learned = (hidden * torch.exp(self.out)).sum(-1) + state @ self.state_out.T
        return torch.exp(self.sensitivity) * log_p + torch.exp(self.gain) * torch.log(index) + learned

    def log(self, inputs: HazardInputs) -> Tensor:
        """ln of the hazard [n]."""
        return self.member_logs(inputs).mean(-1) - self.reference

    def forward(self, inputs: HazardInputs) -> Tensor:
        """The hazard [n]; missing if no landslides were there to learn from."""
        return torch.where(self.trained, torch.exp(self.log(inputs)), SPVAL)
