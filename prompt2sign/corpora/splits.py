"""Parting a corpus into train, dev and test where its owners did not, by whole signers and videos.

Groups of clips that must stay together are put in the order of a hash of their name and the seed. In this order test
takes what brings it nearer to its share, then dev; the rest, one group at least, is train. A split is therefore off by
half a group at most, the order of the corpus does not matter, and a new group moves only the few at the edges.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from ..errors import RunError
from ..options import SplitOptions
from ..records import SPLITS, Clip, Rejection

Entries = Callable[[], Iterator[Clip | Rejection]]
#: What a group is known by: its rank (a signer before a video before a clip) and its name.
_Key = tuple[int, str]
_SIGNER, _VIDEO, _CLIP = range(3)
#: Characters that are not shown (Unicode's Default_Ignorable_Code_Point), as they are after NFKC.
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f"
    "\ufeff\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
#: Shares are decimals, which binary numbers miss by a little.
_TINY = 1e-9


def assign_splits(entries: Entries, options: SplitOptions, *, published: bool) -> Iterator[Clip | Rejection]:
    """The same entries in the same order, each clip with its split.

    * `published`, of a corpus that publishes splits: as they are.
    * `published`, of one that does not: neither a signer nor a video is in two splits. Signers who share a video stay
      together, and a clip of unknown signer stays with all of its video.
    * `signer`: no signer is in two splits, but a video that signers share may be. A clip without signer counts as its
      video, one without either as itself.
    * `video`: no video is in two splits. A clip without video counts as itself.
    * `clip`: each clip by itself.

    A share that is nearer to nothing than to the smallest group stays empty: with the default shares, fewer than five
    groups of one size are all train. Train is never empty.

    Args:
        entries: Gives the corpus' entries, the same each time: it is called twice where the corpus is parted anew, so
            that only the names of the groups are held in memory.
        options: Rule, seed and shares.
        published: Does the corpus say the split of its clips?

    Raises:
        RunError: The corpus changed while it was read.
    """
    if published and options.rule == "published":
        yield from entries()
        return
    split_of = _part(_group(entries, options.rule), options)
    for entry in entries():
        yield replace(entry, split=_split(entry, split_of, options.rule)) if isinstance(entry, Clip) else entry


def describe_splits(clips: Iterable[Clip], options: SplitOptions) -> str:
    """One line on how many clips each split has, and what to do where one that was asked for has none."""
    counts = Counter(clip.split for clip in clips)
    told = f"splits: {', '.join(f'{counts[split]:,} {split}' for split in SPLITS)}"
    if options.rule == "published":
        return told
    empty = [name for name, share in (("dev", options.dev), ("test", options.test)) if share and not counts[name]]
    if not empty:
        return f"{told}, by {options.rule} with seed {options.seed}"
    return (
        f"{told}. By {options.rule} there are too few groups for {' and '.join(empty)}, or the clips do not say their "
        f"{options.rule}: take another rule, or a larger share"
    )


@dataclass
class _Groups:
    """Keys joined into groups, a forest in which each key points towards the root of its group (union-find).

    Attributes:
        parents: The next key on the way to the root; a root points to itself.
        n_clips: Clips by the first of their keys.
    """

    parents: dict[_Key, _Key] = field(default_factory=dict)
    n_clips: Counter[_Key] = field(default_factory=Counter)

    def root(self, key: _Key) -> _Key:
        """The key that stands for a group; shortens the way to it."""
        while (parent := self.parents.setdefault(key, key)) != key:
            self.parents[key] = self.parents[parent]
            key = parent
        return key

    def add(self, keys: tuple[_Key, ...]) -> None:
        """A clip known by these keys."""
        self.n_clips[keys[0]] += 1
        for key in keys:
            self.parents[self.root(key)] = self.root(keys[0])


def _group(entries: Entries, rule: str) -> _Groups:
    groups = _Groups()
    for entry in entries():
        if isinstance(entry, Clip):
            groups.add(_keys(entry, rule))
    return groups


def _keys(clip: Clip, rule: str) -> tuple[_Key, ...]:
    """What a clip must stay together with, at least itself."""
    signer_name, video_name = _as_read(clip.signer), _as_read(clip.video)
    signer = ((_SIGNER, signer_name),) if signer_name and rule in ("published", "signer") else ()
    video = ((_VIDEO, video_name),) if video_name and rule != "clip" else ()
    return (signer or video if rule == "signer" else signer + video) or ((_CLIP, clip.clip_id),)


def _as_read(name: str) -> str:
    """A name as a person reads it: tables differ in Unicode form, width, case, spaces and characters nobody sees.

    `NFKC_Casefold` of the Unicode Standard (3.13, D147), with the white space of names made one.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFKC", _IGNORABLE.sub("", folded)).split())


def _part(groups: _Groups, options: SplitOptions) -> dict[_Key, str]:
    """The split of each key."""
    sizes = Counter[_Key]()
    for key, n_clips in groups.n_clips.items():
        sizes[groups.root(key)] += n_clips
    split_of_root = _fill(_in_hashed_order(groups, options.seed), sizes, options)
    return {key: split_of_root[groups.root(key)] for key in groups.parents}


def _in_hashed_order(groups: _Groups, seed: int) -> list[_Key]:
    """The roots. A group's place hangs on its signer where it has one: another video of hers does not move her."""

    def place(key: _Key) -> tuple[int, bytes]:
        rank, name = key
        return rank, hashlib.sha256(f"{seed}\0{rank}\0{name}".encode("utf-8", "surrogatepass")).digest()

    first: dict[_Key, tuple[int, bytes]] = {}
    for key in groups.parents:
        root, here = groups.root(key), place(key)
        first[root] = min(first.get(root, here), here)
    return sorted(first, key=lambda root: first[root][1])


def _fill(roots: list[_Key], sizes: Counter[_Key], options: SplitOptions) -> dict[_Key, str]:
    """Give each split the groups that bring it nearer to its share; the last group is train's in any case."""
    split_of = dict.fromkeys(roots, "train")
    for split, share in (("test", options.test), ("dev", options.dev)):
        wanted, n_clips = share * sizes.total(), 0
        for root in roots[:-1]:
            if split_of[root] == "train" and n_clips + sizes[root] / 2 <= wanted + _TINY:
                split_of[root] = split
                n_clips += sizes[root]
    return split_of


def _split(clip: Clip, split_of: dict[_Key, str], rule: str) -> str:
    try:
        return split_of[_keys(clip, rule)[0]]
    except KeyError as error:
        raise RunError(
            f"{clip.clip_id}: came up while the corpus was being read for a second time; leave its files alone while "
            "they are read, and run the same command again"
        ) from error
