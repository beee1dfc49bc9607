"""The judge: it learns to read motion, reads alike in any company, and refuses what it cannot judge."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from prompt2sign.errors import ClipRejected, FormatError, RunError, UsageError  # noqa: E402
from prompt2sign.signllm import back_file  # noqa: E402
from prompt2sign.signllm.back_translation import (  # noqa: E402
    BackTranslationOptions,
    BackTranslator,
    Signed,
    edits,
    stretched,
    train_back_translator,
)
from prompt2sign.signllm.stored import read_tensors, write_tensors  # noqa: E402

SMALL = BackTranslationOptions(
    d_model=32, n_heads=2, dropout=0.0, steps=80, batch_clips=4, validate_every=80, warmup_steps=20,
    learning_rate=1e-2, noise=0.02, stretch=0.1, history_dropout=0.1, max_tokens=12, n_beams=2,
)  # fmt: skip
#: The text in an order of its own, and a word in it that is not signed.
SENTENCES = (
    ("regen am abend", "ABEND REGEN", "GSL"),
    ("sonne am morgen", "MORGEN SONNE", "GSL"),
    ("rain in the evening", "EVENING RAIN", "ASL"),
    ("sun in the morning", "MORNING SUN", "ASL"),
)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def signed_sentence(text, gloss, lang):
    """Each sign a smooth movement of all joints that its name decides."""
    signs = []
    for sign in gloss.split():
        rng = np.random.default_rng(list(sign.encode()))
        wave = np.sin(np.linspace(0, 3, 12)[:, None] * rng.uniform(0.5, 2, 150) + rng.uniform(0, 6, 150))
        signs.append(wave.reshape(12, 50, 3))
    return Signed(np.concatenate(signs).astype(np.float32), text, gloss, lang)


def motions_of(clips):
    return [clip.motion for clip in clips]


def langs_of(clips):
    return [clip.lang for clip in clips]


@pytest.fixture(scope="module")
def clips():
    return [signed_sentence(*sentence) for sentence in SENTENCES]


@pytest.fixture(scope="module")
def judge(clips):
    torch.set_num_threads(1)
    return train_back_translator(clips, clips, SMALL, seed=1)


def briefly(clips, **changes):
    """A judge that has learned nothing yet, in no time."""
    options = BackTranslationOptions(**{**SMALL.model_dump(), "steps": 2, **changes})
    return train_back_translator(clips, [], options, seed=1)


def test_it_learns_sentences_to_the_letter(judge, clips):
    assert judge.translate(motions_of(clips), langs_of(clips)) == [clip.text for clip in clips]
    assert judge.glosses(motions_of(clips)) == [clip.gloss.lower() for clip in clips]


def test_the_language_asked_for_is_written(judge, clips):
    in_german, in_english = (judge.translate(motions_of(clips[:1]), [lang])[0] for lang in ("GSL", "ASL"))
    assert in_german == clips[0].text != in_english


def test_words_stand_in_for_a_missing_gloss(clips):
    judge = briefly([replace(clip, gloss=gloss) for clip, gloss in zip(clips, (None, "", " ", None), strict=True)])
    assert "evening" in judge.gloss_vocabulary and "in" in judge.gloss_vocabulary


def test_a_clip_is_read_alike_in_any_company(judge, clips):
    others = [clip.motion[: 3 + 5 * i] for i, clip in enumerate(clips)]
    motions, languages = motions_of(clips) + others, langs_of(clips) * 2
    together = judge.translate(motions, languages)
    assert together == [judge.translate([m], [lang])[0] for m, lang in zip(motions, languages, strict=True)]
    assert together[::-1] == judge.translate(motions[::-1], languages[::-1])


def test_memory_does_not_depend_on_padding(judge, clips):
    short, long = clips[0].motion[:7], clips[1].motion
    with torch.no_grad():
        alone = judge.reader(*judge.features([short]))
        padded = judge.reader(*judge.features([short, long]))
    n = int(alone.real.sum())
    assert int(padded.real[0].sum()) == n
    assert torch.allclose(alone.memory[0], padded.memory[0, :n], atol=1e-5)


def test_dropout_plays_no_part_in_reading(clips):
    judge = briefly(clips, dropout=0.5).train()
    first, second = (next(judge.read(motions_of(clips)))[1].memory for _ in range(2))
    assert torch.equal(first, second)
    assert judge.training


def test_a_place_holds_its_gloss(judge, clips):
    with torch.no_grad():
        before = judge.reader(*judge.features(motions_of(clips)[:1])).memory
        gloss = judge.reader.gloss.weight.clone()
        judge.reader.gloss.weight[:, judge.gloss_vocabulary.encode("abend")[0]] += torch.linspace(-1, 1, SMALL.d_model)
        after = judge.reader(*judge.features(motions_of(clips)[:1])).memory
        judge.reader.gloss.weight.copy_(gloss)
    assert not torch.allclose(before, after, atol=1e-2)


def test_a_place_is_a_sign(judge, clips):
    with torch.no_grad():
        reading = judge.reader(*judge.features(motions_of(clips)))
    steps = -(-len(clips[0].motion) // SMALL.stride)
    assert reading.glosses.shape[1] == steps
    assert [len(path) for path in reading.best_path()] == [2, 2, 2, 2]
    assert all(2 <= int(n) <= 2 + steps // SMALL.longest_place + 1 for n in reading.real.sum(1))


def test_where_no_sign_is_heard_places_are_of_one_length(clips):
    judge = briefly(clips, longest_place=4)
    with torch.no_grad():
        judge.reader.ctc.bias[0] = 100.0
        reading = judge.reader(*judge.features([clips[0].motion, clips[0].motion[:9]]))
    assert reading.real.sum(1).tolist() == [3, 2]
    assert reading.memory.isfinite().all()


def test_the_same_seed_gives_the_same_judge_and_leaves_the_world_alone(clips):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first = briefly(clips, dropout=0.2)
    assert torch.rand(1) == expected
    assert briefly(clips, dropout=0.2).fingerprint == first.fingerprint
    options = first.options
    assert train_back_translator(clips, [], options, seed=2).fingerprint != first.fingerprint
    assert briefly(clips[:3], dropout=0.2).trained_on != first.trained_on


def test_best_weights_are_kept_and_training_ends_without_gain(clips):
    lines = []
    options = BackTranslationOptions(
        **{**SMALL.model_dump(), "learning_rate": 1e-9, "validate_every": 2, "patience": 2}
    )
    train_back_translator(clips, clips, options, seed=1, report=lines.append)
    assert [line.split(":")[0] for line in lines] == [f"back-translator, step {step}" for step in (2, 4, 6)]


def test_weights_of_the_best_look_are_kept_not_the_last(clips, monkeypatch):
    errors, seen = iter([0.3, 0.1, 0.2]), []

    def dev_error(training):
        seen.append(training.judge.fingerprint)
        return next(errors)

    monkeypatch.setattr("prompt2sign.signllm.back_translation._Training._dev_error", dev_error)
    options = BackTranslationOptions(**{**SMALL.model_dump(), "steps": 6, "validate_every": 2})
    assert train_back_translator(clips, clips, options, seed=1).fingerprint == seen[1] != seen[2]


def test_without_dev_clips_it_says_what_is_kept(clips):
    lines = []
    options = BackTranslationOptions(**{**SMALL.model_dump(), "steps": 2})
    train_back_translator(clips, [], options, seed=1, report=lines.append)
    assert lines == ["back-translator: no dev clips, the last weights are kept"]


def test_saved_and_loaded_it_says_the_same(judge, clips, tmp_path):
    judge.save(tmp_path / "judge")
    loaded = BackTranslator.load(tmp_path / "judge")
    assert loaded.fingerprint == judge.fingerprint
    assert loaded.trained_on == judge.trained_on
    assert loaded.translate(motions_of(clips), langs_of(clips)) == judge.translate(motions_of(clips), langs_of(clips))
    loaded.save(tmp_path / "again")
    for name in ("back-translator.json", "back-translator.safetensors"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "judge" / name).read_bytes()


def test_a_judge_never_takes_the_place_of_another(judge, tmp_path):
    judge.save(tmp_path / "judge")
    with pytest.raises(UsageError, match="not empty"):
        judge.save(tmp_path / "judge")


def test_a_save_that_fails_leaves_nothing(judge, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(back_file.stored, "write_json", full)
    with pytest.raises(OSError, match="No space"):
        judge.save(tmp_path / "judge")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["back-translator.json", "back-translator.safetensors"])
def test_damaged_files_are_refused(judge, tmp_path, name):
    judge.save(tmp_path)
    whole = (tmp_path / name).read_bytes()
    changed = bytearray(whole)
    changed[-9] ^= 1
    for content in (whole[:-1], whole[: len(whole) // 2], b"", b"[]", bytes(changed)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FormatError, match=name):
            BackTranslator.load(tmp_path)


def rewrite(folder, **changes):
    path = folder / "back-translator.json"
    config = back_file.stored.read_json(path)
    back_file.stored.write_json(path, {**config, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "prompt2sign-signllm"}, "format"),
        ({"version": 2}, "version"),
        ({"skeleton": "other"}, "skeleton"),
        ({"options": {"width": 3}}, "not the description"),
        ({"options": {"d_model": 2048, "encoder_layers": 12, "decoder_layers": 12}}, "not the weights"),
        ({"text_vocabulary": "{}"}, "not the description"),
        ({"languages": None}, "not the description"),
        ({"languages": ["GSL", "TSL"]}, "not of the same"),
    ],
)
def test_foreign_descriptions_are_refused(judge, tmp_path, changes, message):
    judge.save(tmp_path)
    rewrite(tmp_path, **changes)
    with pytest.raises(FormatError, match=message):
        BackTranslator.load(tmp_path)


def test_the_frame_rate_is_kept_where_it_is_known(clips, judge, tmp_path):
    options = BackTranslationOptions(**{**SMALL.model_dump(), "steps": 2})
    told = train_back_translator(clips, [], options, seed=1, fps=12.5)
    told.save(tmp_path / "told")
    judge.save(tmp_path / "untold")
    assert BackTranslator.load(tmp_path / "told").fps == 12.5 and BackTranslator.load(tmp_path / "untold").fps is None
    assert briefly(clips).fingerprint != told.fingerprint
    rewrite(tmp_path / "told", fps=25.0)
    with pytest.raises(FormatError, match="not of the same"):
        BackTranslator.load(tmp_path / "told")
    rewrite(tmp_path / "told", fps="fast")
    with pytest.raises(FormatError, match="not the description"):
        BackTranslator.load(tmp_path / "told")


@pytest.mark.filterwarnings("error")
def test_motion_that_cannot_be_written_to_is_read_without_a_word(judge, clips):
    motion = clips[0].motion.copy()
    motion.setflags(write=False)
    assert judge.translate([motion], ["GSL"]) == [clips[0].text]


def test_weights_of_another_judge_are_refused(judge, tmp_path):
    judge.save(tmp_path)
    weights = tmp_path / "back-translator.safetensors"
    tensors = read_tensors(weights)
    for changed, message in (
        ({**tensors, "writer.bias": tensors["writer.bias"] + 1}, "not of the same"),
        ({**tensors, "writer.bias": tensors["writer.bias"].double()}, "not the weights"),
        ({"writer.bias": tensors["writer.bias"]}, "not the weights"),
    ):
        write_tensors(weights, changed)
        with pytest.raises(FormatError, match=message):
            BackTranslator.load(tmp_path)


def test_a_folder_without_a_judge_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no back-translator"):
        BackTranslator.load(tmp_path)


def test_the_config_is_plain_json(judge, tmp_path):
    judge.save(tmp_path)
    config = json.loads((tmp_path / "back-translator.json").read_text())
    assert config["languages"] == ["ASL", "GSL"] and config["fingerprint"] == judge.fingerprint


def broken(motion, value):
    motion = motion.copy()
    motion[3, 7, 1] = value
    return motion


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda motion: motion[:0], "no-frames"),
        (lambda motion: motion[:, :49], "wrong-shape"),
        (lambda motion: motion.reshape(len(motion), 150), "wrong-shape"),
        (lambda motion: broken(motion, np.nan), "not-finite"),
        (lambda motion: broken(motion, -np.inf), "not-finite"),
    ],
)
def test_a_motion_that_cannot_be_read_is_refused_by_name(judge, clips, change, reason):
    bad = change(clips[0].motion)
    with pytest.raises(ClipRejected, match="motion 1") as refusal:
        judge.translate([clips[0].motion, bad], ["GSL", "GSL"])
    assert refusal.value.reason == reason
    with pytest.raises(ClipRejected, match=r"train clip 0 \('regen am abend'\)"):
        briefly([replace(clips[0], motion=bad)])


def test_one_frame_is_read_and_learned_from(judge, clips):
    assert isinstance(judge.translate([clips[0].motion[:1]], ["GSL"])[0], str)
    brief = briefly([clips[0], replace(clips[1], motion=clips[1].motion[:1])])
    assert all(value.isfinite().all() for value in brief.state_dict().values())


def test_nothing_to_read(judge):
    assert judge.translate([], []) == judge.glosses([]) == []


def test_wrong_questions_are_refused(judge, clips):
    with pytest.raises(UsageError, match="not trained on TSL, only on ASL, GSL"):
        judge.translate([clips[0].motion], ["TSL"])
    with pytest.raises(UsageError, match="1 motions but 2 languages"):
        judge.translate([clips[0].motion], ["GSL", "GSL"])


def test_clips_that_teach_nothing_are_refused(clips):
    with pytest.raises(UsageError, match="no clips"):
        briefly([])
    with pytest.raises(UsageError, match="train clip 1 has no text"):
        briefly([clips[0], replace(clips[1], text=" ")])
    with pytest.raises(UsageError, match="dev clips in ASL"):
        train_back_translator(clips[:2], clips[2:], SMALL, seed=1)


def test_a_loss_that_is_no_number_ends_the_run(clips):
    with pytest.raises(RunError, match="no number at step"):
        briefly(clips, learning_rate=1e30, warmup_steps=0, steps=50)


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="does not divide"):
        BackTranslationOptions(d_model=32, n_heads=5)


def test_stretching_keeps_a_straight_line_straight_and_its_ends():
    ramp = torch.linspace(0, 1, 40)[None, :, None].repeat(3, 1, 2)
    lengths = torch.tensor([40, 20, 1])
    out, longer = stretched(ramp, lengths, 0.5, torch.Generator().manual_seed(1))
    assert longer[0] != 40 and longer[2] == 1
    for i in range(2):
        n, end = int(longer[i]), float(ramp[i, lengths[i] - 1, 0])
        assert 0.5 * lengths[i] <= n <= 1.5 * lengths[i]
        assert torch.allclose(out[i, :n, 1], torch.linspace(0, end, n), atol=1e-5)
    same, unchanged = stretched(ramp, lengths, 0.0, torch.Generator().manual_seed(0))
    assert unchanged.tolist() == [40, 20, 1]
    assert torch.allclose(same[0], ramp[0], atol=1e-6)


@pytest.mark.parametrize(
    ("written", "wanted", "distance"), [("", "abc", 3), ("abc", "abc", 0), ("kitten", "sitting", 3), ("ab", "ba", 2)]
)
def test_edits(written, wanted, distance):
    assert edits([ord(c) for c in written], [ord(c) for c in wanted]) == distance
