"""Writing tokens: what is learned from, and that every way to decode gives what the slow, obvious way gives."""

from __future__ import annotations

from itertools import product

import pytest

torch = pytest.importorskip("torch")

from prompt2sign.signllm.token_decoder import TokenDecoder, teacher_inputs  # noqa: E402
from prompt2sign.signllm.transformer import Width, real_mask  # noqa: E402
from prompt2sign.signllm.vocabulary import BOS, EOS, PAD  # noqa: E402

N_TOKENS, D = 7, 16


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def made(seed=0, n_starts=0, n_tokens=N_TOKENS):
    """A decoder of random weights, large enough that its answers differ in words and length."""
    torch.manual_seed(seed)
    decoder = TokenDecoder(n_tokens, Width(D, 2, 2), n_starts).eval()
    with torch.no_grad():
        decoder.bias.normal_()
        for layer in decoder.decoder.parameters():
            layer.mul_(3)
    return decoder


def memories(n_clips=6, n_places=5, seed=1):
    torch.manual_seed(seed)
    lengths = torch.arange(n_clips) % n_places + 1
    return torch.randn(n_clips, n_places, D) * 2, real_mask(lengths, n_places)


def log_probabilities(decoder, answers, memory, real):
    """Of whole sequences for one clip, by `forward`, with padding and BOS impossible."""
    targets = torch.nn.utils.rnn.pad_sequence([torch.tensor(answer) for answer in answers], batch_first=True)
    with torch.no_grad():
        logits = decoder(teacher_inputs(targets), memory.expand(len(answers), -1, -1), real.expand(len(answers), -1))
    logits[..., [PAD, BOS]] = -torch.inf
    chosen = logits.log_softmax(-1).gather(2, targets[..., None])[..., 0]
    return chosen.where(targets != PAD, 0).sum(1)


def slow_greedy(decoder, memory, real, max_tokens, start=BOS):
    """Without a cache: all tokens are read again for each new one."""
    written = []
    while len(written) < max_tokens:
        with torch.no_grad():
            logits = decoder(torch.tensor([[start, *written]]), memory, real)[0, -1]
        logits[[PAD, BOS]] = -torch.inf
        if int(logits.argmax()) == EOS:
            break
        written.append(int(logits.argmax()))
    return written


def test_the_decoder_reads_the_start_and_all_but_the_last():
    targets = torch.tensor([[5, 6, EOS], [4, EOS, PAD]])
    assert teacher_inputs(targets).tolist() == [[BOS, 5, 6], [BOS, 4, EOS]]
    assert teacher_inputs(targets, torch.tensor([7, 8])).tolist() == [[7, 5, 6], [8, 4, EOS]]


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_loss_is_cross_entropy_of_what_is_not_padding(smoothing):
    logits, targets = torch.randn(2, 3, N_TOKENS), torch.tensor([[5, 6, EOS], [4, EOS, PAD]])
    by_hand = []
    for row, wanted in zip(logits, targets, strict=True):
        for scores, token in zip(row.log_softmax(-1), wanted, strict=True):
            if token != PAD:
                by_hand.append(-(1 - smoothing) * scores[token] - smoothing * scores.mean())
    loss = TokenDecoder.loss(logits, targets, smoothing)
    assert float(loss) == pytest.approx(float(torch.stack(by_hand).mean()), rel=1e-5)


def test_no_token_sees_a_later_one():
    decoder, (memory, real) = made(), memories(1)
    early, late = torch.tensor([[BOS, 4, 5, 6]]), torch.tensor([[BOS, 4, 6, 4]])
    with torch.no_grad():
        a, b = decoder(early, memory, real), decoder(late, memory, real)
    assert torch.allclose(a[:, :2], b[:, :2], atol=1e-6)
    assert not torch.allclose(a[:, 2], b[:, 2], atol=1e-3)


@pytest.mark.parametrize("seed", [3, 4, 5, 7])
def test_cached_greedy_writes_what_rereading_everything_writes(seed):
    decoder, (memory, real) = made(seed), memories()
    expected = [slow_greedy(decoder, memory[i : i + 1], real[i : i + 1], 12) for i in range(len(memory))]
    assert decoder.greedy(memory, real, 12) == expected
    assert len({len(row) for row in expected}) > 1


@pytest.mark.parametrize("seed", [3, 4, 5, 7])
def test_one_beam_is_greedy(seed):
    decoder, (memory, real) = made(seed), memories()
    assert decoder.beam(memory, real, 1, 12) == decoder.greedy(memory, real, 12)


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 2.0])
@pytest.mark.parametrize("seed", [3, 4, 7])
def test_beams_for_every_answer_find_the_best_of_all(seed, length_penalty):
    decoder, (memory, real) = made(seed), memories(3)
    longest, words = 3, [token for token in range(N_TOKENS) if token not in (PAD, BOS, EOS)]
    ended = [[*words_, EOS] for n in range(longest) for words_ in product(words, repeat=n)]
    answers = ended + [list(words_) for words_ in product(words, repeat=longest)]

    lengths = torch.tensor([len(answer) for answer in answers])
    best = []
    for i in range(len(memory)):
        sums = log_probabilities(decoder, answers, memory[i : i + 1], real[i : i + 1])
        best.append(answers[int((sums / ((5 + lengths) / 6) ** length_penalty).argmax())])
    found = decoder.beam(memory, real, len(answers), longest, length_penalty)
    assert found == [[token for token in tokens if token != EOS] for tokens in best]


@pytest.mark.parametrize("decode", [lambda d, *a: d.greedy(*a, 12), lambda d, *a: d.beam(*a, 3, 12)])
def test_a_clip_is_decoded_alike_in_any_company(decode):
    decoder, (memory, real) = made(7), memories()
    alone = []
    for row, seen in zip(memory, real, strict=True):
        alone += decode(decoder, row[None, : int(seen.sum())], seen[None, : int(seen.sum())])
    assert decode(decoder, memory, real) == alone
    assert decode(decoder, memory.flip(0), real.flip(0)) == alone[::-1]


@pytest.mark.parametrize("decode", [lambda d, *a: d.greedy(*a, 12), lambda d, *a: d.beam(*a, 2, 12)])
def test_what_has_ended_costs_nothing_more(decode):
    decoder, (memory, real) = made(7), memories()
    rows = []
    decoder.decoder.register_forward_hook(lambda module, inputs, output: rows.append(len(inputs[0])))
    lengths = [len(tokens) for tokens in decode(decoder, memory, real)]
    assert rows == sorted(rows, reverse=True) and rows[-1] < rows[0]
    assert len(rows) <= max(lengths) + 1


def test_padding_and_begin_are_never_written():
    decoder, (memory, real) = made(), memories()
    with torch.no_grad():
        decoder.bias[[PAD, BOS]] = 100.0
    written = [token for row in decoder.greedy(memory, real, 5) + decoder.beam(memory, real, 3, 5) for token in row]
    assert written and not {PAD, BOS} & set(written)


def test_a_start_steers_and_is_never_written():
    decoder, (memory, real) = made(2, n_starts=2), memories(4)
    starts = torch.tensor([N_TOKENS, N_TOKENS + 1, N_TOKENS, N_TOKENS + 1])
    written = decoder.greedy(memory, real, 12, starts)
    assert written == [
        slow_greedy(decoder, memory[i : i + 1], real[i : i + 1], 12, int(starts[i])) for i in range(len(memory))
    ]
    assert written == decoder.beam(memory, real, 1, 12, starts=starts) != decoder.greedy(memory, real, 12)
    assert all(token < N_TOKENS for row in written for token in row)


def test_nothing_asked_nothing_written():
    decoder, (memory, real) = made(), memories()
    assert decoder.greedy(memory[:0], real[:0], 5) == decoder.beam(memory[:0], real[:0], 2, 5) == []
    assert decoder.greedy(memory, real, 0) == [[]] * len(memory)
