"""The loop: draw batches, learn, validate, keep the best; exactly the same after a kill as without one.

Nothing random has a state: every step's randomness comes from the seed and the step's number, every epoch's order
from the seed and the epoch's. A checkpoint is taken between two steps.
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import ClipRejected, RunError
from ..loaders.cache import MotionCache
from ..loaders.torch import BatchSampler, MotionDataset, batches
from . import checkpoint, nested
from .average import Average
from .batch import Batch
from .corpus import Collate
from .distributed import Ranks, anywhere, average_gradients, gather_sum, share, wait
from .log import RunLog
from .losses import lesson_loss
from .model import GLOSS_PART, Outcome, SignModel
from .noise import ErrorMeter
from .options import TrainOptions
from .pace import Pace
from .priority import PriorityChannel
from .schedule import Schedule
from .text2pose import Noise, Text2Pose
from .validate import choose, validate

#: What the randomness of a step is for, beside dropout.
_SAMPLES, _NOISE = 1, 2
#: Signals that ask a run to end; not every system has the last one.
_POLITE = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@dataclass
class State:
    """Where a run is.

    Attributes:
        step: Steps taken.
        epoch: Epochs finished.
        best: Lowest DTW-MJE of a validation, shoulder widths.
        best_step: When that was.
        stale: Validations since.
        seconds: Spent learning.
    """

    step: int = 0
    epoch: int = 0
    best: float = math.inf
    best_step: int = 0
    stale: int = 0
    seconds: float = 0.0


class Trainer:
    """One run.

    Args:
        model: What learns; on the device of `ranks`.
        cache: Where motion comes from.
        train: Rows to learn from.
        dev: Rows to validate on.
        options: Of the run.
        run: Its folder.
        config: What a checkpoint says of the model beside its numbers.
        ranks: Which process this is.
        log: Where numbers go; None in processes that do not lead.
        learned: Parts that learn; all of them where None. The others stay bit-identical.
    """

    def __init__(
        self,
        model: SignModel,
        cache: MotionCache,
        train: NDArray[np.int64],
        dev: NDArray[np.int64],
        options: TrainOptions,
        run: Path,
        config: dict[str, Any],
        ranks: Ranks,
        log: RunLog | None,
        learned: Iterable[str] | None = None,
    ) -> None:
        self.model, self.cache, self.options, self.run = model, cache, options, run
        self.config, self.ranks, self.log = config, ranks, log
        self.dev = choose(dev, options.run.validation_clips, options.run.seed)
        self.dataset = MotionDataset(cache, train)
        self.learned = {name: part for name, part in model.parts.items() if learned is None or name in set(learned)}
        self.optimiser = torch.optim.AdamW(
            [{"params": part.parameters(), "name": name} for name, part in self.learned.items()],
            weight_decay=options.optimiser.weight_decay,
            fused=True,
        )
        if options.optimiser.compile:
            for part in self.learned.values():
                if isinstance(part, Text2Pose):
                    part.predict = torch.compile(part.predict, dynamic=True)  # type: ignore[method-assign]
        self.schedule = Schedule(options.optimiser, options.run.steps)
        self.average = Average(cast(nn.Module, model), options.optimiser.ema) if options.optimiser.ema else None
        self.channel = PriorityChannel(len(train), options.priority) if options.priority.enabled else None
        self.seen = np.zeros((2, len(train)))
        self.meters = {name: ErrorMeter() for name in self.learned}
        self.sampler = self._sampler()
        self.group: list[Batch] = []
        self.state = State()
        self.scores: dict[str, float] = {}
        self.pace = Pace(options.run)

    def fit(self) -> State:
        """Learn until the steps, the minutes or the patience end."""
        stop = False
        self.pace.start(self.state)
        with _between_steps() as asked_to_stop:
            while not (stop or self._over()):
                self._start_epoch()
                for group in self._steps():
                    self._learn(group)
                    stop, due = anywhere(asked_to_stop(), self.ranks), self._due()
                    if stop or due:
                        self._validate_and_save(validate_too=due)
                    if stop or self._over():
                        break
                else:
                    self._end_epoch()
        return self.state

    # ---- one step

    def _learn(self, group: list[Batch]) -> None:
        started, self.group = time.perf_counter(), group
        with self._cuda_memory(group):
            totals = self._step(group)
        self.state.step += 1
        seconds = time.perf_counter() - started
        self.state.seconds += seconds
        if self.log:
            self._tell(self.log, totals, sum(int(batch.lengths.sum()) for batch in group) / seconds)

    def _tell(self, log: RunLog, totals: dict[str, float], frames_per_s: float) -> None:
        now = {"learning_rate": self.schedule.rate(self.state.step - 1), "seconds": self.state.seconds}
        values = {**totals, "frames_per_s": frames_per_s}
        log.step(self.state.step, self.state.epoch, values, now, self.pace.words(self.state))
        if warning := self.pace.warning(self.state):
            log.say(warning)

    def _step(self, group: list[Batch]) -> dict[str, float]:
        self._prepare()
        totals: dict[str, float] = {}
        for batch in group:
            for name, value in self._backward(batch, len(group)).items():
                totals[name] = totals.get(name, 0.0) + value / len(group)
        average_gradients(self.learned.values(), self.ranks)
        totals["gradient"] = self._clip()
        if not math.isfinite(totals["gradient"]):
            raise RunError(self._not_finite("gradient", group))
        self.optimiser.step()
        if self.average:
            self.average.update()
        return totals

    def _prepare(self) -> None:
        cast(nn.Module, self.model).train()
        torch.manual_seed(_mix(self.options.run.seed, self.state.step, self.ranks.rank))
        self.random = {use: self._generator(use) for use in (_SAMPLES, _NOISE)}
        rate, chosen = self.schedule.rate(self.state.step), self.options.optimiser
        for group in self.optimiser.param_groups:
            share = chosen.gloss_learning_rate / chosen.learning_rate if group["name"] == GLOSS_PART else 1.0
            group["lr"] = rate * share
        self.optimiser.zero_grad(set_to_none=True)

    def _backward(self, batch: Batch, n_batches: int) -> dict[str, float]:
        with self._precision():
            outcome = self.model.learn(batch.to(self.ranks.device), self._noise(), self._gloss_only())
        total, terms = self._loss(batch, outcome)
        if not bool(torch.isfinite(total)):
            raise RunError(self._not_finite("loss", [batch]))
        (total / n_batches).backward()
        return {"loss": float(total.detach()), **{name: float(value.detach()) for name, value in terms.items()}}

    def _loss(self, batch: Batch, outcome: Outcome) -> tuple[Tensor, dict[str, Tensor]]:
        terms: dict[str, Tensor] = {}
        total = torch.zeros((), device=self.ranks.device)
        if outcome.gloss is not None:
            terms["gloss"] = outcome.gloss
            total = total + self.options.loss.gloss * outcome.gloss
        if outcome.lesson is None:
            return total, terms
        loss = lesson_loss(outcome.lesson, self.options.loss, partial(self._keep, batch), self.random[_SAMPLES])
        self._remember(batch, outcome, loss.clips)
        return total + loss.total, {**terms, **loss.parts}

    def _keep(self, batch: Batch, losses: Tensor) -> Tensor:
        if not bool(torch.isfinite(losses).all()):
            raise RunError(self._not_finite("loss", [batch]))
        if self.channel is None:
            return torch.ones_like(losses, dtype=torch.bool)
        kept = self.channel.keep(batch.positions.numpy(), batch.prioritised.numpy(), losses.double().cpu().numpy())
        return torch.from_numpy(kept).to(self.ranks.device)

    def _remember(self, batch: Batch, outcome: Outcome, losses: Tensor) -> None:
        if outcome.lesson is not None and self.options.model.decoder == "progressive":
            self.meters[outcome.part].add(outcome.lesson)
        sums, counts = self.seen
        np.add.at(sums, batch.positions.numpy(), losses.double().cpu().numpy())
        np.add.at(counts, batch.positions.numpy(), 1)

    def _clip(self) -> float:
        norms = [
            float(nn.utils.clip_grad_norm_(part.parameters(), self.options.optimiser.clip_norm))
            for part in self.learned.values()
        ]
        return max(norms)

    def _noise(self) -> Noise | None:
        if self.options.model.decoder == "parallel" or not self.options.loss.noise_rate:
            return None
        return Noise(self.options.loss.noise_rate, self.random[_NOISE])

    def _generator(self, use: int) -> torch.Generator:
        seed = _mix(self.options.run.seed, self.state.step, self.ranks.rank, use)
        return torch.Generator(self.ranks.device).manual_seed(seed)

    def _gloss_only(self) -> bool:
        return self.state.step < self.options.run.gloss_steps

    # ---- one epoch

    def _sampler(self) -> BatchSampler:
        data = self.options.data
        return BatchSampler(
            self.dataset.lengths,
            batch_clips=data.batch_clips,
            batch_frames=data.batch_frames,
            seed=self.options.run.seed,
            groups=self.dataset.langs if self.options.model.mode == "mlsf" or data.weights else None,
            weights=data.weights or None,
            rank=self.ranks.rank,
            world=self.ranks.world,
            side_by_side=self.options.model.mode == "mlsf" and self.ranks.world > 1,
        )

    def _start_epoch(self) -> None:
        epoch = self.state.epoch
        if self.sampler.epoch == epoch and self.sampler.done:
            return  # in the middle of it, from a checkpoint
        self.sampler.set_epoch(epoch, *self._draws())

    def _draws(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]] | tuple[()]:
        """The clips of this epoch, where they are not simply all."""
        if self.channel is None:
            return ()
        return self.channel.draw(len(self.dataset), self.options.run.seed, self.state.epoch)

    def _steps(self) -> Iterator[list[Batch]]:
        collate = Collate(self.model.vocabularies, self.options, self.state.epoch)
        stream = batches(self.dataset, self.sampler, collate, workers=self.options.data.workers)
        while group := list(islice(stream, self.options.optimiser.accumulate)):
            yield group

    def _end_epoch(self) -> None:
        self.state.epoch += 1
        sums, counts = gather_sum(torch.from_numpy(self.seen), self.ranks).numpy()
        if self.channel is not None and counts.any():
            seen = np.flatnonzero(counts)
            self.channel.update(seen, sums[seen] / counts[seen])
        self.seen = np.zeros_like(self.seen)
        for name, meter in self.meters.items():
            gather_sum(meter.sums, self.ranks)
            if isinstance(part := self.learned[name], Text2Pose) and meter.sums[-1]:
                part.deviation.copy_(meter.deviation())
            self.meters[name] = ErrorMeter()

    # ---- validation and checkpoints

    def _due(self) -> bool:
        return self.state.step % self.options.run.validate_every == 0 or self._out_of_time()

    def _out_of_time(self) -> bool:
        minutes = self.options.run.minutes
        if minutes is not None and share(self.state.seconds, self.ranks) >= 60 * minutes:
            return True
        return self.state.step >= self.options.run.steps

    def _over(self) -> bool:
        return self._out_of_time() or self.state.stale >= self.options.run.early_stop

    def ended(self) -> str:
        """Why there is nothing to do, and what would change that; empty where there is something."""
        state, run = self.state, self.options.run
        if state.step >= run.steps:
            return f"already at {state.step:,} of {run.steps:,} steps; raise --steps to go on"
        if run.minutes is not None and state.seconds >= 60 * run.minutes:
            return f"already at {state.seconds / 60:.3g} of {run.minutes:g} minutes; raise --minutes to go on"
        if state.stale >= run.early_stop:
            return f"already ended, after {state.stale} validations without gain; raise run.early_stop to go on"
        return ""

    def _validate_and_save(self, validate_too: bool) -> None:
        best = False
        if validate_too and self.state.step > self.options.run.gloss_steps:
            self.scores = self._validate()
            score = share(self.scores["dtw_mje"], self.ranks)
            best = score < self.state.best
            self.state.stale += 1
            if best:
                self.state.best, self.state.best_step, self.state.stale = score, self.state.step, 0
            self.schedule.validated(score)
            if self.log:
                self.log.validation(self.state.step, self.scores)
        self._pool()
        if self.ranks.leads:
            self.save(best=best)
        wait(self.ranks)  # nobody leaves, and has the others killed, before all is on the disk

    def _pool(self) -> None:
        """Let the leading process, which saves, hold what all of them have seen in this epoch."""
        for sums in (torch.from_numpy(self.seen), *(meter.sums for meter in self.meters.values())):
            gather_sum(sums, self.ranks)
            if not self.ranks.leads:
                sums.zero_()

    def _validate(self) -> dict[str, float]:
        cast(nn.Module, self.model).eval()
        with self.average.applied() if self.average else nullcontext(), self._cuda_memory(self.group):
            try:
                return validate(self.model, self.cache, self.dev, self.options)
            except ClipRejected as error:
                raise RunError(self._not_finite("motion of the validation", self.group)) from error

    def save(self, *, best: bool) -> None:
        """Write a checkpoint of everything a run needs to go on."""
        module = cast(nn.Module, self.model)
        optimiser, outline = nested.flatten(self.optimiser.state_dict())
        tensors = {
            "model": module.state_dict(),
            "optimiser": optimiser,
            "memory": {
                "seen": torch.from_numpy(self.seen),
                **{f"errors.{name}": meter.sums for name, meter in self.meters.items()},
            },
        }
        if self.channel:
            tensors["rewards"] = {name: torch.from_numpy(values) for name, values in self.channel.state().items()}
        if self.average:
            tensors["average"] = self.average.state()
        state = {
            "run": asdict(self.state),
            "optimiser": outline,
            "sampler": self.sampler.state_dict(),
            "schedule": self.schedule.state(),
            "log": self.log.since if self.log else {},
        }
        checkpoint.save(
            self.run, self.state.step, tensors, self.config, state,
            metrics=self.scores, best=best, keep=self.options.run.keep,
        )  # fmt: skip

    def restore(self, folder: Path) -> None:
        """Go on from a checkpoint of this run, the model's own weights included."""
        state, memory = checkpoint.read_state(folder), checkpoint.read_tensors(folder, "memory")
        cast(nn.Module, self.model).load_state_dict(checkpoint.read_tensors(folder, "model"))
        self.optimiser.load_state_dict(nested.restore(checkpoint.read_tensors(folder, "optimiser"), state["optimiser"]))
        self.state = State(**state["run"])
        self.schedule.load_state(state["schedule"])
        if self.ranks.leads:
            self.seen = memory["seen"].numpy().copy()
            for name, meter in self.meters.items():
                meter.sums = memory[f"errors.{name}"]
            checkpoint.discard_after(self.run, self.state.step)
        if self.log:
            self.log.cut(self.state.step, state.get("log"))
        if self.average:
            self.average.load_state(checkpoint.read_tensors(folder, "average"))
        if self.channel:
            rewards = checkpoint.read_tensors(folder, "rewards")
            self.channel.load_state({name: values.numpy() for name, values in rewards.items()})
        self.sampler.load_state_dict(state["sampler"], *self._draws())

    # ---- troubles

    @contextmanager
    def _precision(self) -> Iterator[None]:
        wanted = self.options.optimiser.precision == "bfloat16"
        with torch.autocast(self.ranks.device.type, torch.bfloat16, enabled=wanted):
            yield

    def _not_finite(self, what: str, group: list[Batch]) -> str:
        ids = [self.cache.column("clip_id")[row] for batch in group for row in batch.rows.tolist()]
        return (
            f"step {self.state.step + 1}: the {what} is no longer a number; {self._kept()}. Lower "
            f"optimiser.learning_rate, or look at the clips of this batch: {', '.join(ids)}"
        )

    def _kept(self) -> str:
        last = checkpoint.read_index(self.run)["last"]
        if last is None:
            return "there is no checkpoint yet"
        return f"the last checkpoint is whole ({self.run / checkpoint.FOLDER / last['name']})"

    @contextmanager
    def _cuda_memory(self, group: list[Batch]) -> Iterator[None]:
        try:
            yield
        except torch.cuda.OutOfMemoryError as error:
            largest = max(group, key=lambda batch: batch.motion.numel())
            raise RunError(
                f"the GPU's memory is full at a batch of {len(largest.rows)} clips, {largest.motion.shape[1]} frames; "
                "lower data.batch_frames or data.batch_clips (and raise optimiser.accumulate as much), or take a "
                f"smaller model.size in a new run; {self._kept()}"
            ) from error


@contextmanager
def _between_steps() -> Iterator[Callable[[], bool]]:
    """Ctrl-C, a polite kill and a closed terminal wait for the end of a step; then the handlers of before get it."""
    caught: list[tuple[int, FrameType | None]] = []
    before: dict[signal.Signals, Any] = {}
    try:
        for number in _POLITE:
            if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` asked for it
                before[number] = signal.signal(number, lambda *what: caught.append(what))
    except ValueError:  # not the main thread: signals are somebody else's business
        pass
    try:
        yield lambda: bool(caught)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if caught:
        signal.raise_signal(caught[0][0])


def _mix(*numbers: int) -> int:
    """One seed from several."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
