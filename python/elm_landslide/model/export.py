"""Export of the trained module to the model file."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import torch
from torch import Tensor

from elm_landslide import files
from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, N_IN, N_OUT, SCHEMA_VERSION, SPVAL
from elm_landslide.model import model_file
from elm_landslide.model.lowering import lower
from elm_landslide.model.network import LATENTS, LandslideNetwork

# The model file is TorchScript, which torch 2.14 calls deprecated at every use: nothing that a user could act on.
warnings.filterwarnings("ignore", message=r".*torch\.jit.*deprecated", category=FutureWarning)


def golden_columns(network: LandslideNetwork, x: Tensor, rows: int = 32) -> Tensor:
    """Columns that reach every flag: training columns, one with all optional fields, one outside, two invalid."""
    golden = x[:rows].clone()
    for f in FIELDS.values():  # the first column takes the first value that any column has
        given = x[(x[:, f.columns] != SPVAL).all(-1), f.columns]
        golden[0, f.columns] = torch.where(golden[0, f.columns] == SPVAL, given[0], golden[0, f.columns])
    golden[1, FIELDS["slope"].columns] = network.valid_high[FIELDS["slope"].columns]
    golden[2, FIELDS["water_table_depth"].offset] = SPVAL
    golden[3, :] = SPVAL
    return golden


def script(network: LandslideNetwork) -> torch.jit.ScriptModule:
    """The traced module; checked on a batch of another size, because a trace could have frozen the first."""
    network = network.eval().requires_grad_(False)
    middle = torch.where(network.required, (network.valid_low + network.valid_high) / 2, network.stand_in)
    with torch.no_grad():
        traced = torch.jit.trace(network, middle.expand(2, N_IN).contiguous(), check_trace=False)
        probe = middle.expand(5, N_IN) * torch.linspace(0.9, 1.1, 5, dtype=torch.float64).unsqueeze(-1)
        if not torch.equal(traced(probe), network(probe)):
            raise RuntimeError("export: the traced module differs from the eager one")
    return traced


def export(network: LandslideNetwork, x: Tensor, path: Path, provenance: dict, observation=None) -> None:
    """Write the model file of a trained network; x [n, N_IN] are training columns, for the golden rows. An observation
    model (observation.model.Observation) is stored with it."""
    traced = script(network)
    golden_x = golden_columns(network, x)
    with torch.no_grad():
        y = network(golden_x)
    golden = model_file.Golden(golden_x.numpy(), y[:, :N_OUT].numpy(), y[:, N_OUT].int().numpy())
    info = {
        **provenance,
        "schema_version": SCHEMA_VERSION,
        "members": len(network.members),
        "latents": {name: list(bounds) for name, bounds in LATENTS.items()},
        "normalisation": {"mean": network.feature_mean.tolist(), "scale": network.feature_scale.tolist()},
        "domain": {
            "low": network.domain.low.tolist(),
            "high": network.domain.high.tolist(),
            "limit": float(network.domain.limit),
        },
        "calibration": {name: float(getattr(network.calibration, name)) for name in "abc"},
    }
    more = {} if observation is None else {model_file.OBSERVATION: observation.to_bytes()}
    model_file.write(traced, lower(network, golden_x), path, golden, info, more)


def load_eager(path: Path) -> LandslideNetwork:
    """The eager network with the weights of a model file: for tests, plots and further training."""
    state = _state(path)
    try:
        members = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("members."))
        network = LandslideNetwork(members, width=state["members.0.0.weight"].shape[0])
        network.load_state_dict(state)
    except (KeyError, ValueError, IndexError, RuntimeError) as error:
        raise UserError(f"{path}: its weights are not those of this version's network ({_first(error)})") from None
    return network.eval().requires_grad_(False)


def weights_of(path: Path) -> dict[str, dict]:
    """Shape, least, mean and largest value of every tensor of a model file, by name; None where one is not finite."""
    found = {}
    for name, tensor in _state(path).items():
        values = tensor.double().reshape(-1)
        numbers = (values.min(), values.mean(), values.max()) if len(values) else [torch.tensor(torch.nan)] * 3
        least, mean, most = (float(value) if value.isfinite() else None for value in numbers)
        found[name] = {"shape": list(tensor.shape), "min": least, "mean": mean, "max": most}
    return found


def _state(path: Path) -> dict[str, Tensor]:
    """Tensors by name; UserError for a file that torch does not accept, or that is too large."""
    with model_file.archive(path):
        pass  # what it would unpack to is within the limit
    try:
        state = torch.jit.load(io.BytesIO(files.read(path, files.MODEL))).state_dict()
    except (RuntimeError, ValueError) as error:
        raise UserError(f"{path}: torch cannot open the model: {_first(error)}") from None
    # A view may repeat a few numbers without end; no tensor of a model has more numbers than the file has bytes.
    for name, tensor in state.items():
        if tensor.numel() > files.MODEL:
            raise UserError(f"{path}: tensor {name} has {tensor.numel():,} numbers: not a model file")
    return state


def _first(error: Exception) -> str:
    """The line of an error of torch that says what it is; what follows is its own trace."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
