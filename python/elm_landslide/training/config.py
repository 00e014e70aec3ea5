"""Everything that determines a trained model: presets, and TOML files that change them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import Path

from elm_landslide import files
from elm_landslide.errors import UserError


@dataclass(frozen=True)
class ColumnSettings:
    """Stage 1, columns sampled over ELM's states, with closed-form hillslopes."""

    count: int = 16384
    points: int = 512  # hillslope points drawn per column
    held_out: int = 2048  # columns for the scores, drawn separately
    held_out_points: int = 2048


@dataclass(frozen=True)
class HillslopeSettings:
    """Stage 1, the ensemble of the simulator."""

    held_out: float = 0.1  # share of the members, the last ones
    weight: float = 0.3  # of this loss against that of the columns
    failure: float = 1.0  # of the cross-entropy on the failing share


@dataclass(frozen=True)
class SiteSettings:
    """Stage 2, the latents' levels (few numbers) and the observation model."""

    level_epochs: int = 10
    level_batch: int = 64  # rows
    level_rate: float = 0.02
    level_penalty: float = 0.05  # of squared shifts of the latents
    replay: float = 10.0  # weight of the loss of stage 1 against that of sites
    ranking: float = 0.3  # weight of the paired same-site ranking
    hidden_share: float = 0.01  # of the rows without a report that hide a landslide nevertheless
    accuracy_scale: float = 100.0  # km over which a location loses its information
    trigger: str = "rain"  # or all
    folds: int = 5  # of blocks, for development scores and calibration
    members: int = 5
    width: int = 64
    epochs: int = 120
    batch: int = 256
    rate: float = 4e-3
    decay: float = 0.1
    input_dropout: float = 0.5
    dropout: float = 0.5


@dataclass(frozen=True)
class HazardSettings:
    """Stage 3, the hazard."""

    epochs: int = 150
    batch: int = 512
    rate: float = 2e-2
    decay: float = 0.0
    same_site: float = 0.3  # weight of the comparison with other days of the sites
    besides: float = 0.3  # of the penalty on what acts beside the failing share


@dataclass(frozen=True)
class NetworkSettings:
    """The network and the optimiser of stage 1."""

    members: int = 3
    width: int = 24
    epochs: int = 30
    batch: int = 256
    rate: float = 4e-3
    prior_penalty: float = 1e-3  # of the squared corrections of the prior


@dataclass(frozen=True)
class Config:
    """A whole training, except its data and its seed."""

    network: NetworkSettings = field(default_factory=NetworkSettings)
    columns: ColumnSettings = field(default_factory=ColumnSettings)
    hillslopes: HillslopeSettings = field(default_factory=HillslopeSettings)
    sites: SiteSettings = field(default_factory=SiteSettings)
    hazard: HazardSettings = field(default_factory=HazardSettings)


PRESETS = {
    "quick": Config(),
    "full": Config(network=NetworkSettings(epochs=60), columns=ColumnSettings(count=32768)),
}
DEFAULT_SEED = 20260801
_SHARES = ("held_out", "hidden_share", "input_dropout", "dropout")


def read_config(preset: str, path: Path | None = None) -> Config:
    """The configuration of a preset with the changes of a TOML file, by table ([network], [hazard], ...).

    Raises UserError for an unknown preset, table or key, and for a value of another kind.
    """
    if preset not in PRESETS:
        raise UserError(f"train: preset '{preset}' is unknown; choose one of {', '.join(PRESETS)}")
    if path is None:
        return PRESETS[preset]
    return _changed(PRESETS[preset], files.read_toml(path)[0], f"{path}: ")


def _changed(part, changes: dict, where: str):
    known = {f.name: getattr(part, f.name) for f in fields(part)}
    new = {}
    for name, value in changes.items():
        if name not in known:
            raise UserError(f"{where}{name}: unknown; known are {', '.join(known)}")
        old = known[name]
        if is_dataclass(old) != isinstance(value, dict):
            raise UserError(f"{where}{name}: must be {'a table' if is_dataclass(old) else 'a value'}")
        if isinstance(value, dict):
            new[name] = _changed(old, value, f"{where}[{name}] ")
            continue
        if isinstance(old, float) and type(value) is int:
            value = float(value)
        if type(value) is not type(old):
            raise UserError(f"{where}{name}: {value!r}: wanted a value like {old!r}")
        if not isinstance(value, str) and not 0 <= value < float("inf"):
            raise UserError(f"{where}{name}: {value}: must not be negative or infinite")
        if value == 0 and isinstance(old, int) and "epochs" not in name:
            raise UserError(f"{where}{name}: 0: must be at least 1")
        if name in _SHARES and isinstance(old, float) and value >= 1:
            raise UserError(f"{where}{name}: {value}: a share must be below 1")
        new[name] = value
    return replace(part, **new)


def as_dict(config: Config) -> dict:
    return asdict(config)
