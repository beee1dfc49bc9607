"""Ten real sequences learned by heart, and signed again from their text alone: own start, own length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from prompt2sign.languages import get_language  # noqa: E402
from prompt2sign.loaders.cache import MotionCache, open_cache  # noqa: E402
from prompt2sign.metrics.baselines import held_still, mean_pose  # noqa: E402
from prompt2sign.metrics.dtw import dtw_many  # noqa: E402
from prompt2sign.release.imported import import_release  # noqa: E402
from prompt2sign.signllm.evaluate import model_motions  # noqa: E402
from prompt2sign.signllm.options import load_options  # noqa: E402
from prompt2sign.signllm.saved import load  # noqa: E402
from prompt2sign.signllm.train import train  # noqa: E402
from prompt2sign.synthetic.phrases import write_phrases  # noqa: E402

DECODERS = {
    "parallel": {"run.steps": 300},
    "progressive": {"run.steps": 900, "loss.noise_rate": 2.0},
}
COMMON = {
    "model.size": "tiny",
    "model.dropout": 0.0,
    "data.batch_clips": 10,
    "data.fps": 12.5,
    "optimiser.learning_rate": 2e-3,
    "loss.velocity": 1.0,
    "run.validate_every": 300,
    "run.tensorboard": False,
}


def ten_real_sequences(shared: Path, folder: Path) -> Path:
    """The sequences of both splits as one release whose only split is `train`."""
    source = folder / "skels"
    source.mkdir()
    for kind in ("skels", "text", "gloss", "files"):
        parts = [path.read_text().rstrip("\n") for path in sorted((shared / "skels").glob(f"*.{kind}"))]
        (source / f"train.{kind}").write_text("\n".join(parts) + "\n")
    import_release(source, get_language("gsl"), "progressive", folder / "release", fps=25, licence="unknown")
    return folder / "release"


def share_of_mean_pose(release: Path, folder: Path, decoder: str) -> float:
    """DTW of what was learned by heart, over that of the mean pose held still."""
    options = load_options(None, COMMON | DECODERS[decoder] | {"model.decoder": decoder})
    train([release], folder / "run", options, cache=folder / "cache", device="cpu", say=lambda _: None)
    clips: MotionCache = open_cache([release], folder / "cache", fps=12.5)
    rows = clips.rows("train")
    references = [clips.motion(row) for row in rows]
    motions = model_motions(load(folder / "run").model, clips, rows, options)
    still = [held_still(mean_pose(references), len(reference)) for reference in references]
    return float(
        np.mean(dtw_many(references, motions, "published")) / np.mean(dtw_many(references, still, "published"))
    )


@pytest.mark.long
@pytest.mark.shared
@pytest.mark.parametrize("decoder", DECODERS)
def test_ten_real_sequences_are_learned_by_heart(decoder: str, shared_data: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    assert share_of_mean_pose(ten_real_sequences(shared_data, tmp_path), tmp_path, decoder) < 0.2


@pytest.mark.long
@pytest.mark.parametrize("decoder", DECODERS)
def test_ten_made_sequences_are_learned_by_heart(decoder: str, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    (release,) = write_phrases(tmp_path / "phrases", ("GSL",), 10)
    assert share_of_mean_pose(release, tmp_path, decoder) < 0.2
