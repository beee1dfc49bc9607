"""The layers: attention as its formula says, nothing of what is padding or still to come, and the same step by step."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from prompt2sign.signllm.transformer import (  # noqa: E402
    Attention,
    Decoder,
    Encoder,
    TextEncoder,
    TokenEmbedding,
    Width,
    key_mask,
    positions,
    real_mask,
    wave,
)
from tests.training import WIDTH  # noqa: E402

CLOSE = {"rtol": 1e-4, "atol": 1e-5}


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(3)


def decoder_inputs(n_frames: int = 7, n_tokens: int = 5):
    decoder = Decoder(WIDTH).eval()
    memory = decoder.memory(torch.randn(2, n_tokens, WIDTH.d_model))
    real = real_mask(torch.tensor([n_tokens, n_tokens - 2]))
    return decoder, torch.randn(2, n_frames, WIDTH.d_model), memory, real


def test_attention_is_its_formula():
    attention = Attention(WIDTH).eval()
    x, y = torch.randn(1, 4, WIDTH.d_model), torch.randn(1, 3, WIDTH.d_model)
    with torch.no_grad():
        got = attention(x, attention.project(y))[0].numpy()
        queries = attention.queries(x)[0].numpy()
        keys, values = (part.numpy() for part in attention.keys_values(y)[0].chunk(2, -1))
        size = WIDTH.d_model // WIDTH.n_heads
        heads = []
        for head in range(WIDTH.n_heads):
            own = slice(head * size, (head + 1) * size)
            scores = np.exp(queries[:, own] @ keys[:, own].T / math.sqrt(size))
            heads.append(scores / scores.sum(1, keepdims=True) @ values[:, own])
        expected = attention.out(torch.from_numpy(np.concatenate(heads, axis=1))).numpy()
    np.testing.assert_allclose(got, expected, **CLOSE)


def test_nothing_sees_what_comes_after_it():
    decoder, x, memory, real = decoder_inputs()
    before = decoder(x, memory, real)
    changed = x.clone()
    changed[:, 4:] = torch.randn(2, 3, WIDTH.d_model)
    after = decoder(changed, memory, real)
    torch.testing.assert_close(before[:, :4], after[:, :4], rtol=0, atol=1e-6)
    assert (before[:, 4:] - after[:, 4:]).abs().amax(-1).min() > 1e-3


def test_with_a_mask_everything_real_sees_everything_real():
    decoder, x, memory, real = decoder_inputs()
    frames_real = real_mask(torch.tensor([7, 5]))
    before = decoder(x, memory, real, real=frames_real)
    changed = x.clone()
    changed[1, 5:] = 100
    torch.testing.assert_close(before[1, :5], decoder(changed, memory, real, real=frames_real)[1, :5])
    changed[1, 4] = torch.randn(WIDTH.d_model)
    assert (before[1, 0] - decoder(changed, memory, real, real=frames_real)[1, 0]).abs().max() > 1e-4


def test_step_by_step_is_the_same_as_all_at_once():
    decoder, x, memory, real = decoder_inputs()
    caches = decoder.caches()
    steps = [decoder(x[:, step : step + 1], memory, real, caches=caches) for step in range(x.shape[1])]
    torch.testing.assert_close(torch.cat(steps, 1), decoder(x, memory, real), **CLOSE)


def test_padding_of_tokens_changes_nothing():
    encoder = TextEncoder(20, WIDTH).eval()
    tokens = torch.tensor([[4, 9, 5, 3], [7, 3, 0, 0]])
    together = encoder(tokens, tokens != 0)
    alone = encoder(tokens[1:, :2], tokens[1:, :2] != 0)
    torch.testing.assert_close(together[1:, :2], alone, **CLOSE)
    decoder, x, _, _ = decoder_inputs()
    memories = decoder.memory(together), decoder.memory(alone)
    reals = tokens != 0, tokens[1:, :2] != 0
    torch.testing.assert_close(decoder(x, memories[0], reals[0])[1:], decoder(x[1:], memories[1], reals[1]), **CLOSE)


def test_a_row_of_nothing_but_padding_gives_numbers():
    nothing = torch.zeros(2, 3, dtype=torch.bool)
    nothing[0, 1] = True
    assert key_mask(nothing)[:, 0, 0].tolist() == [[False, True, False], [True, False, False]]
    encoder, decoder = Encoder(WIDTH).eval(), Decoder(WIDTH).eval()
    x = torch.randn(2, 3, WIDTH.d_model, requires_grad=True)
    out = decoder(torch.randn(2, 2, WIDTH.d_model), decoder.memory(encoder(x, nothing)), nothing)
    out.sum().backward()
    assert out.isfinite().all() and x.grad.isfinite().all()


def test_positions_are_those_of_the_paper():
    d = 6
    expected = [
        [f(place / 10_000 ** (2 * i / d)) for i in range(d // 2) for f in (math.sin, math.cos)] for place in range(2, 6)
    ]
    np.testing.assert_allclose(positions(4, d, start=2).numpy(), expected, atol=1e-6)
    torch.testing.assert_close(positions(5, d)[3], wave(torch.tensor(3.0), d))


def test_order_matters():
    embedding = TokenEmbedding(9, WIDTH).eval()
    tokens = torch.tensor([[5, 6, 7]])
    torch.testing.assert_close(embedding(tokens[:, 1:], start=1), embedding(tokens)[:, 1:])
    encoder = TextEncoder(9, WIDTH).eval()
    one, other = torch.tensor([[5, 6]]), torch.tensor([[6, 5]])
    assert (encoder(one, one != 0) - encoder(other, other != 0).flip(1)).abs().max() > 1e-2


def test_dropout_is_for_training_alone():
    encoder = Encoder(Width(32, 2, 2, dropout=0.5))
    x, real = torch.randn(1, 4, 32), torch.ones(1, 4, dtype=torch.bool)
    assert not torch.equal(encoder(x, real), encoder(x, real))
    encoder.eval()
    assert torch.equal(encoder(x, real), encoder(x, real))
