"""Every option of a training run in one place: one YAML, one class, shown as JSON Schema in `schemas/`.

Where the SignLLM paper is silent (it names no width, optimiser, eta or loss weight), the defaults are those of
Progressive Transformers, which it builds on, and the doc line of the option says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import Field, model_validator

from ..errors import UsageError
from ..formats.atomic import atomic_path
from ..option_faults import checked_options, did_you_mean
from ..options import Options
from ..plain_yaml import read_options

Mode = Literal["mlsf", "prompt2langgloss"]
DecoderKind = Literal["progressive", "parallel"]
Size = Literal["tiny", "base-40M", "large-120M", "super-1B"]


class TextOptions(Options):
    """How text becomes tokens."""

    tokens: Literal["words", "subwords"] = "words"
    """`words` as in the original, or `subwords` (byte-pair encoding learned from the shards)."""
    source: Literal["text", "gloss"] = "text"
    """What an MLSF group reads; clips without gloss give their words."""
    max_vocabulary: int = Field(32_000, ge=8)
    """At most so many entries; the rarest words become unknown. `subwords` need 260 for the bytes alone."""
    min_count: int = Field(1, ge=1)
    """A word seen less often is unknown."""
    max_tokens: int = Field(300, ge=1, le=4096)
    """Longer text is cut, with a warning. (300: Progressive Transformers, `max_sent_length`.)"""


class ModelOptions(Options):
    """What the network is."""

    mode: Mode = "mlsf"
    """`mlsf`: an encoder-decoder group for each language; `prompt2langgloss`: one for all, told by the prompt."""
    decoder: DecoderKind = "parallel"
    """`progressive`: frame by frame with a counter, as published; `parallel`: all frames at once after a predicted
    length."""
    size: Size = "base-40M"
    """Width, heads and layers; the parameter count is that of one group."""
    dropout: float = Field(0.1, ge=0, lt=1)
    """Share of values dropped in training."""
    future_frames: int = Field(1, ge=1, le=50)
    """Progressive: predict so many next frames at once, use the first (future prediction)."""
    just_counter: bool = False
    """Progressive: the decoder sees the counter alone, no earlier frame."""

    @model_validator(mode="after")
    def _of_the_decoder(self) -> Self:
        if self.decoder == "parallel" and (self.future_frames > 1 or self.just_counter):
            raise ValueError("future_frames and just_counter need `decoder: progressive`")
        return self


class DataOptions(Options):
    """Which clips, how they are batched."""

    fps: float | None = Field(None, gt=0, le=240)
    """Resample all motion to this rate; needed where releases differ, otherwise theirs."""
    batch_clips: int = Field(32, ge=1)
    """Clips a batch at most."""
    batch_frames: int = Field(20_000, ge=1)
    """Frames a batch at most, padding counted."""
    min_frames: int = Field(2, ge=2)
    """Shorter clips are left out."""
    max_frames: int = Field(1_000, ge=2)
    """Longer clips are left out."""
    weights: dict[str, float] = Field(default_factory=dict)
    """How often a language is drawn relative to its size, by code; 1 where not named."""
    workers: int = Field(0, ge=0)
    """Processes that read ahead; 0 reads in a thread."""


class LossOptions(Options):
    """What is minimised."""

    kind: Literal["mse", "l1", "rl", "policy-gradient"] = "mse"
    """`rl` is the published loss, whose gradient is that of `mse`; `policy-gradient` is our own, a real one."""
    noise_rate: float = Field(5.0, ge=0)
    """Gaussian noise on the frames a progressive decoder sees, times the error of the epoch before. (5: ibid.)"""
    length: float = Field(0.1, ge=0)
    """Weight of the loss of the predicted length, or of the counter."""
    velocity: float = Field(0.0, ge=0)
    """Weight of the error in frame-to-frame movement; not in the papers."""
    policy: float = Field(0.1, ge=0)
    """Weight of the policy gradient beside the mean squared error."""
    policy_samples: int = Field(1, ge=1)
    """Motions sampled a clip."""
    policy_deviation: float = Field(0.1, gt=0)
    """Standard deviation of the stochastic pose head, in standardised units."""
    policy_stride: int = Field(2, ge=1)
    """Rewards look at every so manyth frame; the time of an alignment grows with its square."""
    gloss: float = Field(1.0, ge=0)
    """Prompt2LangGloss: weight of the gloss cross-entropy in joint training."""


class PriorityOptions(Options):
    """The Priority Learning Channel: P(i) ~ r_i ^ eta."""

    enabled: bool = False
    """Draw clips by their reward rather than all alike."""
    eta: float = Field(1.0, ge=0)
    """Intensity; 0 draws all alike. (The paper does not say.)"""
    floor: float = Field(0.2, gt=0, le=1)
    """Share of draws made all alike, never skipped, so that no clip starves. Ours."""
    refresh_epochs: int = Field(1, ge=1)
    """Epochs between two looks at the rewards. (The paper does not say.)"""
    direction: Literal["easy", "hard"] = "easy"
    """`easy` favours high reward, as published; `hard` the opposite."""
    skip_below: float = Field(0.5, ge=0)
    """Skip a prioritised clip whose reward is below this share of the mean ("less than 50 %"); 0 skips none."""


class OptimiserOptions(Options):
    """How weights move."""

    learning_rate: float = Field(1e-3, gt=0)
    """Highest learning rate. (1e-3 with Adam: Progressive Transformers.)"""
    gloss_learning_rate: float = Field(1e-3, gt=0)
    """Highest learning rate of prompt to gloss, a token transformer, which bears less than a pose decoder."""
    weight_decay: float = Field(0.0, ge=0)
    """Decoupled weight decay."""
    schedule: Literal["plateau", "cosine", "constant"] = "cosine"
    """`plateau` times 0.7 after `patience` validations without gain, as the original; `cosine` to a tenth."""
    warmup_steps: int = Field(100, ge=0)
    """Steps from 0 to the highest learning rate."""
    patience: int = Field(7, ge=1)
    """Validations without gain before `plateau` lowers the rate."""
    clip_norm: float = Field(5.0, gt=0)
    """Longest gradient of a group. (5: ibid.)"""
    accumulate: int = Field(1, ge=1)
    """Batches a step."""
    ema: float = Field(0.0, ge=0, lt=1)
    """Decay of the moving average of weights that is validated and kept; 0 keeps the weights themselves."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """`bfloat16` on GPUs that have it."""
    compile: bool = False
    """Compile the network (pays on a GPU after some minutes)."""


class RunOptions(Options):
    """How long, how often, with which seed."""

    steps: int = Field(20_000, ge=1)
    """Steps at most."""
    minutes: float | None = Field(None, gt=0)
    """Minutes at most."""
    validate_every: int = Field(500, ge=1)
    """Steps between validations; a checkpoint is saved after each."""
    validation_clips: int = Field(128, ge=1)
    """Clips generated at a validation at most, the same each time."""
    early_stop: int = Field(20, ge=1)
    """Validations without gain before the run ends."""
    log_every: int = Field(20, ge=1)
    """Steps between lines in the logs."""
    tensorboard: bool = True
    """Write the numbers for TensorBoard as well."""
    keep: int = Field(2, ge=1)
    """Checkpoints kept beside the best."""
    seed: int = Field(27, ge=0, le=2**32 - 1)
    """Same seed, same machine, same numbers. (27: ibid.)"""
    gloss_steps: int = Field(0, ge=0)
    """Prompt2LangGloss: train prompt-to-gloss alone for so many steps first (two-stage); 0 trains both at once."""


class TrainOptions(Options):
    """A training run."""

    text: TextOptions = TextOptions()
    model: ModelOptions = ModelOptions()
    data: DataOptions = DataOptions()
    loss: LossOptions = LossOptions()
    priority: PriorityOptions = PriorityOptions()
    optimiser: OptimiserOptions = OptimiserOptions()
    run: RunOptions = RunOptions()

    @model_validator(mode="after")
    def _of_the_mode(self) -> Self:
        if self.model.mode == "mlsf" and self.run.gloss_steps:
            raise ValueError("run.gloss_steps needs `model.mode: prompt2langgloss`")
        return self


def load_options(path: Path | None, changes: Mapping[str, Any]) -> TrainOptions:
    """The options of a run: the defaults, a YAML file on top of them, and single options on top of that.

    Args:
        path: YAML with any of the sections, or None.
        changes: `section.option` to its value; None changes nothing.

    Raises:
        UsageError: The file is missing or no YAML, or an option is unknown or wrong; the message names it.
    """
    values: dict[str, Any] = read_options(path) if path else {}
    for name, value in changes.items():
        section, dot, option = name.partition(".")
        if not dot:
            hint = did_you_mean(name, TrainOptions)
            raise UsageError(f"{name}: name an option as section.option, such as run.steps{hint}")
        if value is not None:
            values[section] = {**_section(values, section), option: value}
    return checked_options(TrainOptions, values, str(path or ""), "train.schema.json")


def save_options(path: Path, options: TrainOptions) -> None:
    """Write all options as the YAML that `load_options` reads.

    Raises:
        OSError: The disk is full and the like.
    """
    with atomic_path(path) as partial, partial.open("w", encoding="utf-8") as file:
        file.write("# Every option of this run; `prompt2sign train --config` takes them again.\n")
        yaml.safe_dump(options.model_dump(mode="json"), file, sort_keys=False)


def _section(values: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    found = values.get(section) or {}
    if not isinstance(found, dict):
        raise UsageError(f"{section}: expected options under it, found {type(found).__name__}")
    return found
