"""The sizes have the parameters that the paper's names promise."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
from prompt2sign.signllm.model import count_parameters  # noqa: E402
from prompt2sign.signllm.options import ModelOptions  # noqa: E402
from prompt2sign.signllm.text2pose import Text2Pose  # noqa: E402

#: English words in the vocabulary of the authors' ASL data.
WORDS = 18_106


@pytest.mark.parametrize(
    ("size", "decoder", "millions"),
    [
        ("base-40M", "progressive", 40.8),
        ("large-120M", "progressive", 115.4),
        ("super-1B", "progressive", 1_015),
        ("base-40M", "parallel", 41.2),
        ("tiny", "progressive", 3.3),
    ],
)
def test_a_group_has_the_parameters_its_name_promises(size, decoder, millions):
    with torch.device("meta"):  # a billion numbers need not be there to be counted
        n_parameters = count_parameters(Text2Pose(WORDS, ModelOptions(size=size, decoder=decoder)))
    print(f"{size}, {decoder}, {WORDS:,} words: {n_parameters:,} parameters")
    assert n_parameters / 1e6 == pytest.approx(millions, abs=0.5 if millions > 1_000 else 0.05)
