"""Does SignLLM learn to sign? `python -m benchmarks.signing FOLDER`: the table of docs/training.md.

Two invented sign languages (`prompt2sign.synthetic.phrases`), sentences that were never trained on, every setting
over several seeds, each beside a still mean pose, the nearest sentence's motion, and ground truth. One run takes a few
processor minutes on one core; the whole takes an hour or so on two. Stopped, it goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean, stdev
from typing import Any

LANGUAGES = ("GSL", "ASL")
SENTENCES, CORPUS_SEED, BATCH_CLIPS = 500, 0, 16
#: Performances of a sign differ by so much in tempo; every model that predicts a mean blurs what it cannot foresee.
TEMPO = 0.05
SEEDS = (1, 2, 3)
_COMMON: dict[str, Any] = {
    "model.size": "tiny", "model.decoder": "parallel", "model.dropout": 0.0, "data.batch_clips": BATCH_CLIPS,
    "optimiser.learning_rate": 3e-3, "optimiser.warmup_steps": 50, "loss.velocity": 2.0, "run.steps": 1_600,
    "run.validate_every": 800, "run.validation_clips": 30, "run.log_every": 100, "run.tensorboard": False,
}  # fmt: skip
SETTINGS: dict[str, dict[str, Any]] = {
    "MLSF, MSE": {},
    "MLSF, MSE + PLC": {"priority.enabled": True},
    "MLSF, policy gradient": {"loss.kind": "policy-gradient"},
    "Prompt2LangGloss, MSE": {"model.mode": "prompt2langgloss", "run.steps": 1_000, "run.validate_every": 500},
    "MLSF, progressive decoder, MSE": {"model.decoder": "progressive"},
}
_COLUMNS = ("DTW-MJE", "DTW-MJE hand shape", "BLEU-4", "WER", "total distance", "duration")


def main() -> None:
    """Make what is missing, then print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signing", description=__doc__)
    parser.add_argument("folder", type=Path, help="where corpus, runs and scores are kept")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="seeds a setting")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="runs at once, a core each")
    parser.add_argument("--only", help="settings whose name holds this")
    parser.add_argument("--report", action="store_true", help="only print the table of what has been run so far")
    parser.add_argument("--one", nargs=2, metavar=("SETTING", "SEED"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    if arguments.one:
        _one(folder, arguments.one[0], int(arguments.one[1]))
        return
    wanted = [name for name in SETTINGS if not arguments.only or arguments.only in name]
    if not arguments.report:
        _prepare(folder)
        runs = [(name, seed) for seed in SEEDS[: arguments.seeds] for name in wanted]
        with ThreadPoolExecutor(arguments.jobs) as pool:
            list(pool.map(lambda run: _in_own_process(folder, *run), runs))
    report = _report(folder, wanted, SEEDS[: arguments.seeds])
    (folder / "report.md").write_text(report, encoding="utf-8")
    print(report)


def _prepare(folder: Path) -> None:
    """The corpus, the back-translation, and the rows that need no training."""
    from prompt2sign.signllm.back_translation import BackTranslationOptions, train_back_translator
    from prompt2sign.signllm.evaluate import baseline_motions, score_motions, signed
    from prompt2sign.synthetic.phrase_difficulty import difficulty
    from prompt2sign.synthetic.phrase_signs import Variation
    from prompt2sign.synthetic.phrases import write_phrases

    if not _releases(folder)[-1].exists():
        write_phrases(folder / "corpus", LANGUAGES, SENTENCES, CORPUS_SEED, variation=Variation(tempo=TEMPO))
    clips = _cache(folder)
    if not _judge(folder).exists():
        started = time.process_time()
        judge = train_back_translator(
            signed(clips, clips.rows("train")), signed(clips, clips.rows("dev")), BackTranslationOptions(),
            seed=27, report=print,
        )  # fmt: skip
        judge.save(_judge(folder))
        print(f"back-translation: {time.process_time() - started:.0f} processor seconds")
    if not (folder / "baselines.json").exists():
        rows = clips.rows("test")
        motions = baseline_motions(clips, clips.rows("train"), rows)
        found = {name: _scores(score_motions(clips, rows, own, _translator(folder))) for name, own in motions.items()}
        _save(folder / "baselines.json", found | {"difficulty": difficulty(*_releases(folder))})


def _one(folder: Path, setting: str, seed: int) -> None:
    """Train and score one setting with one seed."""
    import torch

    from prompt2sign.signllm.evaluate import model_motions, score_motions
    from prompt2sign.signllm.options import load_options
    from prompt2sign.signllm.saved import load
    from prompt2sign.signllm.train import train
    from prompt2sign.signllm.validate import validate

    torch.set_num_threads(1)
    run = _run(folder, setting, seed)
    options = load_options(None, _COMMON | SETTINGS[setting] | {"run.seed": seed})
    started = time.process_time()
    train(_releases(folder), run, options, cache=folder / "motion-cache", device="cpu")
    seconds = time.process_time() - started
    saved, clips = load(run), _cache(folder)
    rows = clips.rows("test")
    scores = _scores(score_motions(clips, rows, model_motions(saved.model, clips, rows, options), _translator(folder)))
    scores |= {"minutes": seconds / 60}
    if right := validate(saved.model, clips, rows, options).get("language_right"):
        scores["language right"] = right
    _save(run / "scores.json", scores)


def _in_own_process(folder: Path, setting: str, seed: int) -> None:
    if (_run(folder, setting, seed) / "scores.json").exists():
        return
    command = [sys.executable, "-m", "benchmarks.signing", str(folder), "--one", setting, str(seed)]
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})


def _report(folder: Path, settings: Iterable[str], seeds: Iterable[int]) -> str:
    baselines = _load(folder / "baselines.json")
    hard = baselines.pop("difficulty")
    lines = ["| system | " + " | ".join((*_COLUMNS, "language right", "CPU min")) + " |"]
    lines.append("|---|" + "---:|" * (len(_COLUMNS) + 2))
    for name, scores in baselines.items():
        lines.append(_line(name, [scores]))
    for setting in settings:
        done = [path for seed in seeds if (path := _run(folder, setting, seed) / "scores.json").exists()]
        if done:
            lines.append(_line(f"{setting} ({len(done)} seed{'s' * (len(done) > 1)})", [_load(path) for path in done]))
    lines += ["", "| corpus | " + " | ".join(LANGUAGES) + " |", "|---|" + "---:|" * len(LANGUAGES)]
    for key in next(iter(hard.values())):
        lines.append(f"| {key} | " + " | ".join(f"{hard[language][key]:.3g}" for language in LANGUAGES) + " |")
    return "\n".join(lines) + "\n"


def _line(name: str, runs: list[Mapping[str, float]]) -> str:
    cells = [
        _cell([run[column] for run in runs if column in run]) for column in (*_COLUMNS, "language right", "minutes")
    ]
    return f"| {name} | " + " | ".join(cells) + " |"


def _cell(values: list[float]) -> str:
    if not values:
        return "–"
    spread = f" ± {stdev(values):.2g}" if len(values) > 1 else ""
    return f"{mean(values):.3f}{spread}" if abs(mean(values)) < 10 else f"{mean(values):.1f}{spread}"


def _scores(scored: tuple[Any, Any]) -> dict[str, float]:
    return {score.name: score.value for score in scored[0]}


def _cache(folder: Path) -> Any:
    from prompt2sign.loaders.cache import open_cache

    return open_cache(_releases(folder), folder / "motion-cache")


def _translator(folder: Path) -> Any:
    from prompt2sign.signllm.back_translation import BackTranslator

    return BackTranslator.load(_judge(folder))


def _releases(folder: Path) -> list[Path]:
    return [folder / "corpus" / language.lower() for language in LANGUAGES]


def _judge(folder: Path) -> Path:
    return folder / "back-translation"


def _run(folder: Path, setting: str, seed: int) -> Path:
    return folder / "runs" / f"{setting.lower().replace(', ', '-').replace(' ', '-')}-{seed}"


def _save(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _load(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


if __name__ == "__main__":
    main()
