"""Splits part a corpus by whole signers and videos, as near to the shares as these allow."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.corpora.splits import assign_splits, describe_splits
from prompt2sign.errors import RunError, UsageError
from prompt2sign.options import SplitOptions, parse_pipeline
from prompt2sign.records import Clip, Rejection

BAD = Rejection("bad", "no-text", "row 3 of table.csv: no text")


def clip(number: int, signer: str = "", video: str = "", split: str = "train") -> Clip:
    return Clip(f"clip{number}", "KSL", "made", split=split, signer=signer, video=video)


def part(clips: list[Clip], *, published: bool = False, **options: object) -> dict[str, str]:
    found = assign_splits(lambda: iter(clips), SplitOptions(**options), published=published)
    return {entry.clip_id: entry.split for entry in found if isinstance(entry, Clip)}


def of_signers(sizes: list[int], prefix: str = "signer") -> list[Clip]:
    """Clips of signers with so many clips each, a video a clip."""
    owners = [owner for owner, size in enumerate(sizes) for _ in range(size)]
    return [clip(n, f"{prefix}{owner}", f"{prefix}{owner}/{n}") for n, owner in enumerate(owners)]


def splits_of(clips: list[Clip], found: dict[str, str], what: Callable[[Clip], str]) -> dict[str, set[str]]:
    splits = defaultdict(set)
    for one in clips:
        splits[what(one)].add(found[one.clip_id])
    return splits


CLIPS = st.lists(st.tuples(st.sampled_from(["", *"ABCDEFGHIJ"]), st.sampled_from(["", *map(str, range(12))])))
RULES = st.sampled_from(["published", "signer", "video", "clip"])
SHARES = {"dev": st.floats(0, 0.45), "test": st.floats(0, 0.45)}


@given(CLIPS, RULES, st.integers(), *SHARES.values())
def test_nothing_that_the_rule_keeps_together_is_in_two_splits(
    rows: list[tuple[str, str]], rule: str, seed: int, dev: float, test: float
) -> None:
    clips = [clip(n, *row) for n, row in enumerate(rows)]
    found = part(clips, rule=rule, seed=seed, dev=dev, test=test)
    assert list(found) == [one.clip_id for one in clips]
    if clips:
        assert "train" in found.values()
    for name, rules in (("signer", ("published", "signer")), ("video", ("published", "video"))):
        splits = splits_of(clips, found, lambda one, name=name: getattr(one, name))
        splits.pop("", None)
        assert rule not in rules or all(len(where) == 1 for where in splits.values())
    if rule == "signer":
        unknown = [one for one in clips if not one.signer and one.video]
        assert all(len(where) == 1 for where in splits_of(unknown, found, lambda one: one.video).values())


@given(CLIPS, RULES, st.randoms(use_true_random=False))
def test_the_order_of_the_corpus_does_not_matter(rows: list[tuple[str, str]], rule: str, draw: object) -> None:
    clips = [clip(n, *row) for n, row in enumerate(rows)]
    shuffled = list(clips)
    draw.shuffle(shuffled)  # type: ignore[attr-defined]
    assert part(clips, rule=rule) == part(shuffled, rule=rule)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=40), st.integers(0, 9), *SHARES.values())
def test_a_share_is_off_by_half_a_group_at_most(sizes: list[int], seed: int, dev: float, test: float) -> None:
    clips = of_signers(sizes)
    found = part(clips, seed=seed, dev=dev, test=test)
    counts = Counter(found.values())
    in_train = {one.signer for one in clips if found[one.clip_id] == "train"}
    for split, share in (("test", test), ("dev", dev)):
        # Unless what is missing is the only group that is left to train.
        assert (len(in_train) == 1 and counts[split] < share * len(clips)) or abs(
            counts[split] - share * len(clips)
        ) <= max(sizes) / 2 + 1e-6


def test_equal_groups_meet_the_shares_exactly() -> None:
    assert Counter(part(of_signers([7] * 20)).values()) == {"train": 112, "dev": 14, "test": 14}
    assert Counter(part(of_signers([7] * 20), dev=0.3, test=0.0).values()) == {"train": 98, "dev": 42}
    assert Counter(part([clip(n) for n in range(1000)], rule="clip").values()) == {
        "train": 800,
        "dev": 100,
        "test": 100,
    }


@given(st.integers(20, 120), st.integers(0, 99))
@settings(max_examples=50)
def test_a_new_group_moves_only_the_few_at_the_edges(n_signers: int, seed: int) -> None:
    before, after = (part(of_signers([3] * n), seed=seed) for n in (n_signers, n_signers + 1))
    assert sum(before[name] != after[name] for name in before) <= 2 * 2 * 3


def test_more_clips_or_videos_of_a_signer_move_nobody() -> None:
    clips = of_signers([50] * 20)
    more = [*clips, clip(5000, "signer3", "another")]
    assert part(more) == {**part(clips), "clip5000": part(clips)["clip150"]}
    assert part([replace(one, video=f"renamed {one.video}") for one in clips]) == part(clips)


def test_another_seed_parts_otherwise() -> None:
    clips = of_signers([1] * 50)
    assert part(clips, seed=1) == part(clips, seed=1) != part(clips, seed=2)


def test_a_video_that_signers_share_keeps_them_together_unless_signers_are_asked_for() -> None:
    clips = [clip(n, f"s{n % 2}-{n // 20}", f"talk{n // 20}") for n in range(400)]
    for rule, together in (("published", True), ("video", True), ("signer", False)):
        talks = splits_of(clips, part(clips, rule=rule, dev=0.25, test=0.25), lambda one: one.video)
        assert all(len(where) == 1 for where in talks.values()) == together


def test_a_clip_of_unknown_signer_stays_with_its_video() -> None:
    clips = [clip(n, f"s{n // 10}" if n % 10 else "", f"v{n // 10}") for n in range(300)]
    assert all(len(where) == 1 for where in splits_of(clips, part(clips), lambda one: one.video).values())


@pytest.mark.parametrize("n_groups", [1, 2, 3, 4])
def test_few_groups_are_all_train(n_groups: int) -> None:
    assert set(part(of_signers([5] * n_groups)).values()) == {"train"}


def test_train_is_never_empty() -> None:
    for sizes in ([1], [5, 5], [1, 1, 1], [90, 5, 5]):
        assert "train" in part(of_signers(sizes), dev=0.49, test=0.5).values()
    assert part([]) == {}


def test_shares_that_leave_nothing_for_train_are_refused() -> None:
    with pytest.raises(UsageError, match=r"splits.*something to train on"):
        parse_pipeline({"language": "ASL", "splits": {"dev": 0.5, "test": 0.5}}, "mine.yaml")


def test_published_splits_are_kept_and_read_once() -> None:
    clips = [clip(n, "A", "v", split) for n, split in enumerate(["dev", "test", "train", "dev"])]
    n_reads = 0

    def entries() -> Iterator[Clip | Rejection]:
        nonlocal n_reads
        n_reads += 1
        return iter([*clips, BAD])

    assert list(assign_splits(entries, SplitOptions(), published=True)) == [*clips, BAD]
    assert n_reads == 1
    assert {one.split for one in assign_splits(entries, SplitOptions(rule="video"), published=True) if one != BAD} == {
        "train"
    }
    assert n_reads == 3


def test_rejections_pass_and_clips_change_in_nothing_else() -> None:
    clips = of_signers([1] * 10)
    entries: list[Clip | Rejection] = [clips[0], BAD, *clips[1:]]
    found = list(assign_splits(lambda: iter(entries), SplitOptions(), published=False))
    assert found[1] == BAD
    assert [replace(one, split="train") for one in found if isinstance(one, Clip)] == clips


def test_a_corpus_that_changes_while_it_is_read_is_said() -> None:
    reads = iter([of_signers([1] * 5), of_signers([1] * 5, "new")])
    with pytest.raises(RunError, match="clip0: came up while"):
        list(assign_splits(lambda: iter(next(reads)), SplitOptions(), published=False))


def test_names_need_not_be_valid_unicode() -> None:
    clips = [clip(n, f"\udcff{n}", f"v\0{n}") for n in range(10)]
    assert Counter(part(clips).values()) == {"train": 8, "dev": 1, "test": 1}


def test_a_signer_and_a_video_of_one_name_are_two_things() -> None:
    clips = [clip(n, str(n), str((n + 1) % 20)) for n in range(20)]
    assert Counter(part(clips, rule="published").values()) == {"train": 16, "dev": 2, "test": 2}


def test_the_build_says_how_the_corpus_is_parted() -> None:
    def said(clips: list[Clip], rule: str, **options: object) -> str:
        chosen = SplitOptions(rule=rule, **options)
        parted = assign_splits(lambda: iter(clips), chosen, published=False)
        return describe_splits((entry for entry in parted if isinstance(entry, Clip)), chosen)

    assert said(of_signers([200] * 10), "published") == "splits: 1,600 train, 200 dev, 200 test"
    assert said(of_signers([200] * 10), "signer", seed=4).endswith(", by signer with seed 4")
    assert "too few groups for dev and test" in said(of_signers([2] * 3), "signer")
    assert "too few" not in said(of_signers([2] * 3), "signer", dev=0, test=0)


@pytest.mark.parametrize("field", ["signer", "video"])
def test_names_that_read_alike_are_one(field: str) -> None:
    alike = ["Zoë", "Zoe\u0308", "zoë", "ZOË", "Zo\u200bë", " Zoë\u00a0", "Ｚoë", "Z\u00adoë\ufeff"]
    for seed in range(20):
        clips = [clip(n, **{field: name}) for n, name in enumerate(alike * 3)]
        others = [clip(100 + n, **{field: f"other {n}"}) for n in range(40)]
        found = part([*clips, *others], rule=field, seed=seed, dev=0.3, test=0.3)
        assert len({found[one.clip_id] for one in clips}) == 1


def test_a_name_that_nobody_sees_is_none() -> None:
    clips = [clip(n, signer="\u200b") for n in range(40)]
    assert set(part(clips, rule="signer").values()) == {"train", "dev", "test"}
